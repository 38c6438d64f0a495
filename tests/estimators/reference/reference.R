# Reference values for the estimators, at full precision. Run in this folder: Rscript reference.R
# R 4.2.2, survival 3.5-3, sandwich 3.0-2, epitools 0.5-10.1, epiR 2.0.57, boot 1.3-28, cmprsk 2.2-11.
suppressMessages({library(survival); library(sandwich); library(boot); library(jsonlite); library(epiR)
                  library(epitools); library(cmprsk)})
d <- read.csv("whole_days.csv"); d$event <- as.integer(d$outcome == 1); d$row <- seq_len(nrow(d))
d$id <- as.integer(factor(d$patient)); tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 50)
clustered <- function(fit) unname(sqrt(vcovCL(fit, cluster = d$patient, type = "HC0", cadjust = FALSE)[2, 2]))
exact <- function(...) glm(..., data = d, control = glm.control(epsilon = 1e-15, maxit = 100))
out <- list()
pois <- exact(event ~ exposed, family = poisson)
rate <- exact(event ~ exposed + offset(log(days)), family = poisson)
logi <- exact(event ~ exposed, family = binomial); lin <- lm(event ~ exposed, data = d)
one <- exact(event ~ 1, family = binomial)
out$risk_ratio <- list(log = coef(pois)[[2]], se = clustered(pois))
out$rate_ratio <- list(log = coef(rate)[[2]], se = clustered(rate), se_naive = sqrt(vcov(rate)[2, 2]))
out$odds_ratio <- list(log = coef(logi)[[2]], se = clustered(logi), se_naive = sqrt(vcov(logi)[2, 2]))
out$risk_difference <- list(value = coef(lin)[[2]], se = clustered(lin))
out$risk <- list(logit = coef(one)[[1]],
                 se = sqrt(vcovCL(one, cluster = d$patient, type = "HC0", cadjust = FALSE)[1, 1]))
tab <- table(factor(d$exposed, 1:0), factor(d$event, 1:0))
out$katz <- unname(epitools::riskratio.wald(tab[2:1, 2:1])$measure[2, ])
out$woolf <- unname(epitools::oddsratio.wald(tab[2:1, 2:1])$measure[2, ])
out$wilson <- as.numeric(prop.test(sum(d$event), nrow(d), correct = FALSE)$conf.int)
by_level <- table(factor(d$exposed, 1:0), factor(d$event, 1:0), d$level)
mh <- epi.2by2(by_level, method = "cohort.count")$massoc.detail$RR.mh.wald
out$mantel_haenszel_level <- as.numeric(unlist(mh))
# The clustered variance of the same, by differentiating the weighted estimator with respect to each patient's weight.
mh_log <- function(w) {
  R <- 0; S <- 0
  for (l in unique(d$level)) { k <- d$level == l; x <- d$exposed[k]; y <- d$event[k]; v <- w[d$id[k]]
    n1 <- sum(v * x); n0 <- sum(v * (1 - x)); R <- R + sum(v * x * y) * n0 / (n1 + n0)
    S <- S + sum(v * (1 - x) * y) * n1 / (n1 + n0) }
  log(R / S) }
G <- max(d$id); h <- 1e-4
u <- sapply(1:G, function(g) { e <- replace(numeric(G), g, h); (mh_log(1 + e) - mh_log(1 - e)) / (2 * h) })
out$mantel_haenszel_level_clustered_se <- sqrt(sum(u^2))
by_patient <- table(factor(d$exposed, 1:0), factor(d$event, 1:0), d$patient)
a <- by_patient[1, 1, ]; b <- by_patient[1, 2, ]; cc <- by_patient[2, 1, ]; dd <- by_patient[2, 2, ]
n1 <- a + b; n0 <- cc + dd; n <- n1 + n0; R <- sum(a * n0 / n); S <- sum(cc * n1 / n)
out$within_patient <- list(log = log(R / S),
  se = sqrt(sum(((a + cc) * n1 * n0 - a * cc * n) / n^2) / (R * S)),
  se_patients = sqrt(sum((a * n0 / n / R - cc * n1 / n / S)^2)))
per <- cbind(a, n1, cc, n0)
set.seed(1)
boots <- boot(per, function(x, i) { s <- colSums(x[i, ]); (s[1] / s[2]) / (s[3] / s[4]) }, R = 40000)
infl <- with(list(s = colSums(per)), (per[, 1] - s[1] / s[2] * per[, 2]) / s[1] - (per[, 3] - s[3] / s[4] * per[, 4]) / s[3])
ci <- boot.ci(boots, type = c("perc", "bca"), L = infl)
out$bootstrap <- list(percentile = ci$percent[4:5], bca = ci$bca[4:5])

curve <- function(f) list(time = f$time, n.risk = f$n.risk, n.event = f$n.event, surv = f$surv,
  se = summary(f, censored = TRUE)$std.err, lower = f$lower, upper = f$upper, median = unname(unlist(quantile(f, 0.5))))
S <- Surv(d$days, d$event)
out$km <- curve(survfit(S ~ 1, conf.type = "log-log"))
out$km_clustered <- curve(survfit(S ~ 1, conf.type = "log-log", cluster = d$patient))
out$km_clustered_exposed <- curve(survfit(Surv(days, event) ~ 1, conf.type = "log-log", cluster = patient,
                                          data = d, subset = exposed == 1))
d$entry <- pmax(0, pmin(d$days - 10, 10 * (d$id %% 4)))
out$km_entry <- curve(survfit(Surv(entry, days, event) ~ 1, data = d, conf.type = "log-log"))
out$km_entry_clustered <- curve(survfit(Surv(entry, days, event) ~ 1, data = d, conf.type = "log-log", id = row, cluster = patient))
f <- survfit(S ~ 1, conf.type = "log-log"); ticks <- c(0, 5, 10, 95, 100, 200, 390)
s <- summary(f, times = ticks, extend = TRUE)
out$counts <- list(time = ticks, n.risk = s$n.risk, n.event = cumsum(s$n.event), n.censor = cumsum(s$n.censor))
aj <- function(f) list(time = f$time, incidence = f$pstate[, 2], se = f$std.err[, 2], lower = f$lower[, 2],
                       upper = f$upper[, 2], death = f$pstate[, 3], death_se = f$std.err[, 3])
d$state <- factor(d$outcome)
out$aj <- aj(survfit(Surv(days, state) ~ 1, d, id = row, conf.type = "log-log"))
# survfit 3.5-3 takes cluster= for several states and leaves it unused, so its own influence values are added up here.
f <- survfit(Surv(days, state) ~ 1, d, id = row, influence = TRUE)
by_patient <- function(k) sqrt(colSums(rowsum(f$influence.pstate[, -1, k], d$patient)^2))
out$aj_clustered <- list(time = f$time, incidence = f$pstate[, 2], se = by_patient(2), death_se = by_patient(3))
ci <- survival:::survfit_confint(f$pstate[, 2], by_patient(2), FALSE, "log-log", 0.95)
out$aj_clustered$lower <- ci$lower; out$aj_clustered$upper <- ci$upper
cox <- function(f) list(log = unname(coef(f)), se = sqrt(unname(diag(vcov(f)))), robscore = unname(summary(f)$robscore))
out$cox <- cox(coxph(S ~ exposed, d, control = tight, ties = "efron"))
out$cox_clustered <- cox(coxph(S ~ exposed, d, cluster = patient, control = tight))
out$cox_level <- cox(coxph(S ~ exposed + strata(level), d, cluster = patient, control = tight))
out$cox_within <- cox(coxph(S ~ exposed + strata(patient), d, control = tight))
late <- subset(d, days > 50); late$event <- late$event * (late$days <= 150)
out$cox_window <- cox(coxph(Surv(pmin(days, 150), event) ~ exposed, late, cluster = patient, control = tight))
out$logrank <- survdiff(S ~ exposed, d)$chisq
out$logrank_level <- survdiff(S ~ exposed + strata(level), d)$chisq
fit <- coxph(Surv(time, status) ~ trt, diabetic, cluster = id, control = tight)
out$diabetic <- cox(fit); out$diabetic$naive_se <- sqrt(fit$naive.var[1])
out$diabetic_within <- cox(coxph(Surv(time, status) ~ trt + strata(id), diabetic, control = tight))
out$diabetic_logrank <- survdiff(Surv(time, status) ~ trt, diabetic)$chisq
f <- survfit(Surv(time, status) ~ 1, diabetic, subset = trt == 0, conf.type = "log-log")
out$diabetic_median <- unname(unlist(quantile(f, 0.5)))
km_both <- survfit(Surv(time, status) ~ 1, diabetic, cluster = id, conf.type = "log-log")
pick <- c(1, 20, 60, 120, 180, length(km_both$time))
out$diabetic_km <- list(time = km_both$time[pick], surv = km_both$surv[pick], se = summary(km_both, censored = TRUE)$std.err[pick])
m <- mgus2; m$etime <- with(m, ifelse(pstat == 0, futime, ptime)); m$outcome <- with(m, ifelse(pstat == 0, 2 * death, 1))
f <- survfit(Surv(etime, factor(outcome)) ~ 1, m, id = id, conf.type = "log-log"); pick <- c(12, 60, 120, 240)
s <- summary(f, times = pick)
out$mgus2 <- list(time = pick, incidence = s$pstate[, 2], se = s$std.err[, 2], lower = s$lower[, 2], upper = s$upper[, 2])
rmst <- function(x, tau) { f <- survfit(Surv(days, event) ~ 1, subset(d, exposed == x))
  summary(f, rmean = tau)$table[c("rmean", "se(rmean)")] }
r1 <- rmst(1, 300); r0 <- rmst(0, 300)
out$restricted_mean <- list(difference = unname(r1[1] - r0[1]), se = unname(sqrt(r1[2]^2 + r0[2]^2)))
pseudo_se <- function() {  # clustered: the derivative with respect to each patient's weight
  stat <- function(w, what) { sapply(1:0, function(x) { k <- d$exposed == x
    if (what == "rmst") { f <- survfit(Surv(days, event) ~ 1, d[k, ], weights = w[d$id[k]])
      t <- c(0, f$time[f$time < 300], 300); sum(diff(t) * c(1, f$surv[f$time < 300])) }
    else { f <- survfit(Surv(days, factor(outcome)) ~ 1, d[k, ], weights = w[d$id[k]]); log(f$pstate[max(which(f$time <= 200)), 2]) }
  }) %*% c(1, -1) }
  lapply(c(rmst = "rmst", risk = "risk"), function(what) { h <- 1e-3
    u <- sapply(1:G, function(g) { e <- replace(numeric(G), g, h)
      (stat(1 + e, what) - stat(1 - e, what)) / (2 * h) })
    list(value = as.numeric(stat(rep(1, G), what)), se = sqrt(sum(u^2))) }) }
out$clustered_by_weights <- pseudo_se()
write(toJSON(out, digits = I(17), auto_unbox = TRUE, na = "null", pretty = FALSE), "r_values.json")
