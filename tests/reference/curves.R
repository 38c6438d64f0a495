# Curves over time and what is read from them. Run in this folder: Rscript curves.R
# R 4.2.2, survival 3.5-3, cmprsk 2.2-11, jsonlite 1.8.4.
suppressMessages({library(survival); library(cmprsk); library(jsonlite)})
d <- read.csv("whole_days.csv")
d$event <- as.integer(d$outcome == 1)
d$state <- factor(d$outcome)
d$row <- seq_len(nrow(d))
d$id <- as.integer(factor(d$patient))
out <- list()

# Kaplan-Meier: naive, with patients as clusters, with delayed entry.
S <- Surv(d$days, d$event)
curve <- function(f, pick = seq_along(f$time)) {
  list(time = f$time[pick], n.risk = f$n.risk[pick], n.event = f$n.event[pick], surv = f$surv[pick],
       se = summary(f, censored = TRUE)$std.err[pick], lower = f$lower[pick], upper = f$upper[pick],
       median = unname(unlist(quantile(f, 0.5))))
}
km <- survfit(S ~ 1, conf.type = "log-log")
out$km <- curve(km)
out$km_clustered <- curve(survfit(S ~ 1, conf.type = "log-log", cluster = d$patient))
out$km_clustered_exposed <- curve(survfit(Surv(days, event) ~ 1, conf.type = "log-log", cluster = patient,
                                          data = d, subset = exposed == 1))
d$entry <- pmax(0, pmin(d$days - 10, 10 * (d$id %% 4)))
delayed <- Surv(d$entry, d$days, d$event)
out$km_entry <- curve(survfit(delayed ~ 1, conf.type = "log-log"))
out$km_entry_clustered <- curve(survfit(delayed ~ 1, conf.type = "log-log", id = d$row, cluster = d$patient))
ticks <- c(0, 5, 10, 95, 100, 200, 390)
s <- summary(km, times = ticks, extend = TRUE)
out$counts <- list(time = ticks, n.risk = s$n.risk, n.event = cumsum(s$n.event), n.censor = cumsum(s$n.censor))

# survival's own data, every eighth time: two eyes of one patient (diabetic; months, not whole), and patients of the
# same institution (cancer; whole days).
both <- function(time, event, whose) {
  naive <- survfit(Surv(time, event) ~ 1, conf.type = "log-log")
  clustered <- survfit(Surv(time, event) ~ 1, conf.type = "log-log", cluster = whose)
  pick <- seq(1, length(naive$time), by = 8)
  list(naive = curve(naive, pick), clustered = curve(clustered, pick), n = length(time), sum_of_times = sum(time))
}
out$diabetic_km <- with(diabetic, both(time, status, id))
out$diabetic_median <- unname(unlist(quantile(survfit(Surv(time, status) ~ 1, diabetic, subset = trt == 0,
                                                      conf.type = "log-log"), 0.5)))
out$cancer_km <- with(subset(cancer, !is.na(inst)), both(time, status == 2, inst))

# Aalen-Johansen: survfit 3.5-3 takes cluster= for several states and leaves it unused, so its own influence values
# are added up by patient here.
log_log <- function(p, se) survival:::survfit_confint(p, se, FALSE, "log-log", 0.95)[c("lower", "upper")]
aj <- function(f, patient = NULL) {
  se <- if (is.null(patient)) f$std.err
        else apply(f$influence.pstate[, -1, ], 3, function(u) sqrt(colSums(rowsum(u, patient)^2)))
  c(list(time = f$time, incidence = f$pstate[, 2], se = se[, 2]), log_log(f$pstate[, 2], se[, 2]),
    list(death = f$pstate[, 3], death_se = se[, 3]))
}
out$aj <- aj(survfit(Surv(days, state) ~ 1, d, id = row))
f <- survfit(Surv(days, state) ~ 1, d, id = row, influence = TRUE)
out$aj_clustered <- aj(f, d$patient)

# mgus2, as survival's vignette on competing risks sets it up; one row a person, so people are their own clusters.
m <- mgus2
m$etime <- with(m, ifelse(pstat == 0, futime, ptime))
m$event <- factor(with(m, ifelse(pstat == 0, 2 * death, 1)), 0:2, c("censor", "pcm", "death"))
out$mgus2 <- c(aj(survfit(Surv(etime, event) ~ 1, m, id = id, influence = TRUE)),
               list(n = nrow(m), sum_of_times = sum(m$etime)))
months <- c(0, 12, 60, 120, 240, 360)
by_sex <- summary(survfit(Surv(etime, event) ~ sex, m, id = id, influence = TRUE), times = months, extend = TRUE)
gray <- timepoints(with(m, cuminc(etime, as.integer(event) - 1, sex)), months)$est
out$mgus2_by_sex <- list(time = months)
for (sex in c("F", "M")) {
  at <- by_sex$strata == paste0("sex=", sex)
  out$mgus2_by_sex[[sex]] <- c(
    list(incidence = by_sex$pstate[at, 2], se = by_sex$std.err[at, 2]),
    log_log(by_sex$pstate[at, 2], by_sex$std.err[at, 2]),
    list(death = by_sex$pstate[at, 3], death_se = by_sex$std.err[at, 3],
         cuminc = unname(gray[paste(sex, 1), ]), cuminc_death = unname(gray[paste(sex, 2), ])))
}

# Restricted mean: survival's own error, survRM2's formula, and influence values integrated and added up by patient.
area <- function(time, event, tau) {
  # The data stand in the call itself: residuals() looks for them again, and not in here.
  f <- do.call(survfit, list(Surv(time, event) ~ 1, data = data.frame(time, event), influence = TRUE))
  seen <- f$time <= tau
  width <- diff(c(0, f$time[seen], tau))
  areas <- width * c(1, f$surv[seen])
  n <- f$n.risk[seen]; k <- f$n.event[seen]
  later <- rev(cumsum(rev(areas[-1])))
  survrm2 <- sum(later^2 * ifelse(n == k, 0, k / (n * (n - k))))
  influence <- as.vector(f$influence.surv[, seen, drop = FALSE] %*% width[-1])
  stopifnot(all.equal(influence, as.vector(residuals(f, times = tau, type = "auc")), tolerance = 1e-12))
  own <- summary(survfit(Surv(time, event) ~ 1), rmean = tau)$table
  stopifnot(all.equal(own[["rmean"]], sum(areas), tolerance = 1e-12))
  list(mean = sum(areas), survmean_variance = own[["se(rmean)"]]^2, survrm2_variance = survrm2, influence = influence)
}
restricted_mean <- function(time, event, exposed, patient, tau) {
  one <- area(time[exposed], event[exposed], tau); zero <- area(time[!exposed], event[!exposed], tau)
  u <- rowsum(c(one$influence, -zero$influence), c(patient[exposed], patient[!exposed]))
  list(horizon = tau, exposed = one$mean, unexposed = zero$mean, difference = one$mean - zero$mean,
       se = sqrt(one$survmean_variance + zero$survmean_variance),
       se_survrm2 = sqrt(one$survrm2_variance + zero$survrm2_variance), se_clustered = sqrt(sum(u^2)))
}
out$restricted_mean <- with(d, restricted_mean(days, event, exposed == 1, patient, 300))
out$diabetic_restricted_mean <- with(diabetic, restricted_mean(time, status, trt == 1, id, 60))

# Risk by a horizon, exposed against unexposed.
horizons <- c(100, 200, 300)
by_horizon <- function(tau) {
  sides <- lapply(1:0, function(x) {
    f <- survfit(Surv(days, state) ~ 1, d, id = row, subset = exposed == x, influence = TRUE)
    last <- max(which(f$time <= tau))
    # The influence values begin with those at time 0.
    list(risk = f$pstate[last, 2], u = f$influence.pstate[, last + 1, 2], patient = d$patient[d$exposed == x])
  })
  p <- sapply(sides, `[[`, "risk")
  se <- function(weight, clustered) {
    u <- unlist(lapply(1:2, function(i) c(1, -1)[i] * weight[i] * sides[[i]]$u))
    sqrt(sum((if (clustered) rowsum(u, unlist(lapply(sides, `[[`, "patient"))) else u)^2))
  }
  list(risks = p, log_ratio = log(p[1] / p[2]), difference = p[1] - p[2],
       ratio_se = se(1 / p, FALSE), ratio_se_clustered = se(1 / p, TRUE),
       difference_se = se(c(1, 1), FALSE), difference_se_clustered = se(c(1, 1), TRUE))
}
out$horizons <- setNames(lapply(horizons, by_horizon), paste("day", horizons))

# The clustered errors of restricted mean and log risk ratio once more, with no influence value from anywhere: by
# differentiating the weighted estimates with respect to each patient's weight.
weighted <- function(w, what) {
  sapply(1:0, function(x) {
    k <- d$exposed == x
    if (what == "rmst") {
      f <- survfit(Surv(days, event) ~ 1, d[k, ], weights = w[d$id[k]])
      t <- c(0, f$time[f$time < 300], 300)
      sum(diff(t) * c(1, f$surv[f$time < 300]))
    } else {
      f <- survfit(Surv(days, state) ~ 1, d[k, ], weights = w[d$id[k]])
      log(f$pstate[max(which(f$time <= 200)), 2])
    }
  }) %*% c(1, -1)
}
G <- max(d$id); h <- 1e-3
out$clustered_by_weights <- lapply(c(rmst = "rmst", risk = "risk"), function(what) {
  u <- sapply(1:G, function(g) {
    e <- replace(numeric(G), g, h)
    (weighted(1 + e, what) - weighted(1 - e, what)) / (2 * h)
  })
  list(value = as.numeric(weighted(rep(1, G), what)), se = sqrt(sum(u^2)))
})

write_json(out, "curves.json", digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)
