# Reference values for the Cox family, and the data of R's survival package they were computed on.
# Run in this folder: Rscript cox.R. R 4.2.2, survival 3.5-3, jsonlite 1.8.4.
suppressMessages({library(survival); library(jsonlite)})
tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 50)
cox <- function(...) {
  call <- match.call()
  call[[1]] <- quote(coxph)
  call$control <- tight
  eval(call, parent.frame())
}
days <- read.csv("whole_days.csv"); days$event <- as.integer(days$outcome == 1)
number <- as.integer(factor(days$patient)); days$later <- number %% 5
days$entry <- pmax(0, pmin(days$days - 10, 10 * (number %% 4)))
female <- subset(rats, sex == "f")
heart$treated <- as.integer(heart$transplant == "1"); cgd$treated <- as.integer(cgd$treat == "rIFN-g")
cgd$autosomal <- as.integer(cgd$inherit == "autosomal")
options(warn = 2)
out <- list(data = list(
  diabetic = with(diabetic, list(patient = id, days = time, event = status, exposed = trt, age = age, risk = risk,
                                 argon = as.integer(laser == "argon"))),
  retinopathy = with(retinopathy, list(patient = id, days = futime, event = status, exposed = trt, age = age,
                                       risk = risk, adult = as.integer(type == "adult"))),
  rats = with(rats, list(patient = litter, days = time, event = status, exposed = rx, male = as.integer(sex == "m"))),
  heart = with(heart, list(patient = id, entry = start, days = stop, event = event, exposed = treated, age = age,
                           surgery = surgery)),
  cgd = with(cgd, list(patient = id, entry = tstart, days = tstop, event = status, exposed = treated, age = age,
                       autosomal = autosomal))))

# The exposure comes first in every model.
ratio <- function(f) list(log = unname(coef(f)[1]), se = unname(sqrt(vcov(f)[1, 1])),
  naive_se = sqrt(if (is.null(f$naive.var)) f$var[1, 1] else f$naive.var[1, 1]))
out$clustered <- lapply(list(
  diabetic = cox(Surv(time, status) ~ trt, diabetic, cluster = id),
  retinopathy = cox(Surv(futime, status) ~ trt, retinopathy, cluster = id),
  rats = cox(Surv(time, status) ~ rx, rats, cluster = litter),
  female_rats = cox(Surv(time, status) ~ rx, female, cluster = litter),
  diabetic_by_laser = cox(Surv(time, status) ~ trt + strata(laser), diabetic, cluster = id),
  diabetic_by_risk = cox(Surv(time, status) ~ trt + strata(risk), diabetic, cluster = id),
  retinopathy_by_type = cox(Surv(futime, status) ~ trt + strata(type), retinopathy, cluster = id),
  heart = cox(Surv(start, stop, event) ~ treated, heart, cluster = id),
  heart_by_surgery = cox(Surv(start, stop, event) ~ treated + strata(surgery), heart, cluster = id),
  cgd = cox(Surv(tstart, tstop, status) ~ treated, cgd, cluster = id),
  whole_days = cox(Surv(entry, days, event) ~ exposed, days, cluster = patient),
  whole_days_by_level = cox(Surv(entry, days, event) ~ exposed + strata(level), days, cluster = patient)), ratio)

out$adjusted <- lapply(list(
  retinopathy = cox(Surv(futime, status) ~ trt + age + risk, retinopathy, cluster = id),
  retinopathy_by_type = cox(Surv(futime, status) ~ trt + age + risk + strata(type), retinopathy, cluster = id),
  diabetic = cox(Surv(time, status) ~ trt + age + risk + laser, diabetic, cluster = id),
  rats = cox(Surv(time, status) ~ rx + sex, rats, cluster = litter),
  heart = cox(Surv(start, stop, event) ~ treated + age, heart, cluster = id),
  heart_by_surgery = cox(Surv(start, stop, event) ~ treated + age + strata(surgery), heart, cluster = id),
  cgd = cox(Surv(tstart, tstop, status) ~ treated + age + autosomal, cgd, cluster = id),
  whole_days = cox(Surv(days, event) ~ exposed + factor(level), days, cluster = patient),
  whole_days_entry = cox(Surv(entry, days, event) ~ exposed + later + strata(level), days, cluster = patient)), ratio)

# Events in a window of follow-up, with the rows cut there.
cut_at <- function(formula, data, cut) survSplit(formula, data, cut = cut, episode = "window", end = "stop", start = "begin")
windows <- function(pieces, start, end) {
  piece <- subset(pieces, begin >= start & stop <= end)
  ratio(cox(Surv(begin, stop, died) ~ exposed, piece, cluster = patient)) }
plain <- function(data, patient, days, event, exposed, entry = 0) data.frame(patient = data[[patient]],
  begin = if (is.character(entry)) data[[entry]] else entry, stop = data[[days]], died = data[[event]], exposed = data[[exposed]])
sets <- list(diabetic = plain(diabetic, "id", "time", "status", "trt"),
             retinopathy = plain(retinopathy, "id", "futime", "status", "trt"),
             heart = plain(heart, "id", "stop", "event", "treated", "start"),
             cgd = plain(cgd, "id", "tstop", "status", "treated", "tstart"),
             whole_days = plain(days, "patient", "days", "event", "exposed"),
             whole_days_entry = plain(days, "patient", "days", "event", "exposed", "entry"))
cuts <- list(diabetic = c(6, 24), retinopathy = c(6, 24), heart = c(30, 100), cgd = c(100, 250), whole_days = c(50, 150),
             whole_days_entry = c(60, 150))
pieces <- Map(function(set, cut) cut_at(Surv(begin, stop, died) ~ ., set, cut), sets, cuts)
out$windows <- Map(function(piece, cut) list(windows(piece, 0, cut[1]), windows(piece, cut[1], cut[2]),
                                             windows(piece, cut[2], Inf)), pieces, cuts)

# The ratio of the hazard ratios before and after a day: a contrast of one model with a term for each window.
out$change <- Map(function(set, cut) {
  split <- cut_at(Surv(begin, stop, died) ~ ., set, cut[1])
  fit <- cox(Surv(begin, stop, died) ~ exposed:strata(window), split, cluster = patient)
  contrast <- c(1, -1)
  list(at = cut[1], log = sum(contrast * coef(fit)), se = sqrt(drop(contrast %*% vcov(fit) %*% contrast)),
       naive_se = sqrt(drop(contrast %*% fit$naive.var %*% contrast))) }, sets, cuts)

# The score test of proportional hazards; the robust one from rows cut at every event, where exposed x g(t) is a covariate.
proportional <- function(set, strata = NULL) {
  set$stratum <- if (is.null(strata)) 1 else strata
  starts_at_zero <- all(set$begin == 0)
  fit <- if (starts_at_zero) cox(Surv(stop, died) ~ exposed + strata(stratum), set) else
    cox(Surv(begin, stop, died) ~ exposed + strata(stratum), set)
  sapply(c("km", "log", "identity", "rank"), function(transform) {
    test <- cox.zph(fit, transform = transform)
    split <- cut_at(Surv(begin, stop, died) ~ ., set, sort(unique(set$stop[set$died == 1])))
    g <- test$x - mean(test$x)
    split$g <- g[match(split$stop, test$time)]; split$g[is.na(split$g)] <- 0
    split$with_time <- split$exposed * split$g
    at_fit <- coxph(Surv(begin, stop, died) ~ exposed + with_time + strata(stratum), split, cluster = patient,
                    init = c(coef(fit), 0), control = coxph.control(iter.max = 0), ties = "efron")
    u <- rowsum(residuals(at_fit, type = "score"), split$patient)
    information <- solve(at_fit$naive.var)
    u <- u[, 2] - information[1, 2] / information[1, 1] * u[, 1]
    list(chi2 = unname(test$table[1, "chisq"]), p = unname(test$table[1, "p"]), robust = sum(u)^2 / sum(u^2))
  }, simplify = FALSE) }
out$proportional <- c(lapply(sets, proportional),
                      list(retinopathy_by_type = proportional(sets$retinopathy, retinopathy$type),
                           whole_days_by_level = proportional(sets$whole_days_entry, days$level)))

# Score tests of rows that start late: Mantel's, time by time (for cgd and heart also the score test of coxph(ties = "exact")),
# and the robust one.
mantel <- function(set) {
  terms <- sapply(unique(set$stop[set$died == 1]), function(t) {
    here <- set$begin < t & set$stop >= t; dies <- here & set$stop == t & set$died == 1
    n <- sum(here); n1 <- sum(here & set$exposed == 1); d <- sum(dies)
    c(sum(dies & set$exposed == 1) - d * n1 / n, if (n > 1) d * n1 / n * (1 - n1 / n) * (n - d) / (n - 1) else 0) })
  sum(terms[1, ])^2 / sum(terms[2, ]) }
out$score <- lapply(sets[c("heart", "cgd", "whole_days_entry")], function(set) list(naive = mantel(set),
  robust = unname(summary(cox(Surv(begin, stop, died) ~ exposed, set, cluster = patient))$robscore["test"])))
exact <- function(set) coxph(Surv(begin, stop, died) ~ exposed, set, ties = "exact")$score
stopifnot(all.equal(out$score$heart$naive, exact(sets$heart)), all.equal(out$score$cgd$naive, exact(sets$cgd)))
write_json(out, "cox.json", digits = I(17), auto_unbox = TRUE, pretty = TRUE)
