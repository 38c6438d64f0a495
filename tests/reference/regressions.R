# Reference values for conditional logistic and modified Poisson regression. Run in this folder: Rscript regressions.R
# R 4.2.2, survival 3.5-3, sandwich 3.0-2, geepack 1.3.9, jsonlite 1.8.4.
suppressMessages({library(survival); library(sandwich); library(geepack); library(jsonlite)})
d <- read.csv("whole_days.csv")
d$event <- as.integer(d$outcome == 1); d$id <- as.integer(factor(d$patient)); n <- nrow(d)
set.seed(20060127)
d$age <- round(rnorm(max(d$id), 72, 9))[d$id]          # one value per patient
d$t_score <- round(rnorm(max(d$id), -2.4, 1), 1)[d$id]
d$height_mm <- rnorm(n, 25, 4)                         # one value per vertebra, no ties
d$distance <- ifelse(d$exposed == 1, 1, sample(2:5, n, replace = TRUE))
out <- list(covariates = as.list(d[c("age", "t_score", "height_mm", "distance")]))

# Conditional logistic regression. The clustered error from its definition, every possible table written out.
conditional <- function(event, exposed, id) {
  fit <- clogit(event ~ exposed + strata(id), data.frame(event, exposed, id), method = "exact",
                control = coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 50))
  psi <- exp(unname(coef(fit))); score <- information <- 0 * unique(id); groups <- unique(id)
  for (g in seq_along(groups)) {
    y <- event[id == groups[g]]; x <- exposed[id == groups[g]]; n1 <- sum(x); n0 <- sum(1 - x); m <- sum(y)
    k <- max(0, m - n0):min(n1, m); p <- choose(n1, k) * choose(n0, m - k) * psi^k; p <- p / sum(p)
    score[g] <- sum(x * y) - sum(k * p); information[g] <- sum(k^2 * p) - sum(k * p)^2 }
  stopifnot(abs(sum(score)) < 1e-8, abs(1 / sum(information) / vcov(fit)[1] - 1) < 1e-8)
  list(log = log(psi), se = sqrt(vcov(fit)[1]), se_clustered = sqrt(sum(score^2)) / sum(information),
       informative = sum(information > 0), patients = length(groups)) }
out$clogit_whole_days <- with(d, conditional(event, exposed, id))
out$clogit_diabetic <- with(diabetic, conditional(status, trt, id))
out$clogit_infert <- with(infert, conditional(case, as.integer(spontaneous > 0), stratum))
# 60 spines of 15 vertebrae with many events, as (a, n1, c, n0) by patient.
n1 <- sample(1:6, 60, replace = TRUE); frailty <- rnorm(60, -1, 1.5)
spines <- cbind(a = rbinom(60, n1, plogis(frailty + 0.7)), n1, c = rbinom(60, 15 - n1, plogis(frailty)), n0 = 15 - n1)
both <- cbind(spines[, "a"], spines[, "n1"] - spines[, "a"], spines[, "c"], spines[, "n0"] - spines[, "c"])
id <- rep(1:60, each = 15); exposed <- rep(rep(c(1, 0), 60), c(t(cbind(spines[, "n1"], spines[, "n0"]))))
event <- rep(rep(c(1, 0, 1, 0), 60), c(t(both)))
out$clogit_spines <- c(conditional(event, exposed, id), list(counts = unname(spines)))

# Modified Poisson regression. Patients of one row each stand for vertebrae taken to be independent.
poisson_fit <- function(formula, data, id) {
  data <- data[order(id), ]; id <- sort(id)
  environment(formula) <- environment()
  fit <- glm(formula, poisson, data, control = glm.control(epsilon = 1e-15, maxit = 200))
  # Once more from where it ended: glm keeps the weights of the step before its last, good to 1e-9 only.
  fit <- glm(formula, poisson, data, start = coef(fit), control = glm.control(epsilon = 1e-15, maxit = 200))
  vc <- function(cluster) unname(sqrt(vcovCL(fit, cluster = cluster, type = "HC0", cadjust = FALSE)[2, 2]))
  gee <- geeglm(formula, poisson, data, id = id, corstr = "independence",
                control = geese.control(epsilon = 1e-14, maxit = 200))
  list(log = unname(coef(fit)[2]), se_clustered = vc(id), se_independent = vc(seq_along(id)),
       geepack = list(log = unname(coef(gee)[2]), se_clustered = summary(gee)$coefficients[2, "Std.err"])) }
fit <- function(formula) poisson_fit(formula, d, d$id)
out$poisson <- list(
  crude = fit(event ~ exposed), level = fit(event ~ exposed + factor(level)),
  age = fit(event ~ exposed + age), three = fit(event ~ exposed + age + t_score + height_mm),
  three_level = fit(event ~ exposed + age + t_score + height_mm + factor(level)),
  trend = fit(event ~ distance), trend_level = fit(event ~ distance + factor(level)),
  diabetic = poisson_fit(status ~ trt + age + risk, diabetic, diabetic$id),
  diabetic_trend = poisson_fit(status ~ risk + laser, diabetic, diabetic$id),
  infert = poisson_fit(case ~ I(as.integer(spontaneous > 0)) + age + parity + education, infert, infert$stratum))
write_json(out, "regressions.json", digits = I(17), auto_unbox = TRUE, pretty = TRUE)
