# Risks and their ratios in the whole-day cohort. Run in this folder: Rscript risks.R
# R 4.2.2, sandwich 3.0-2, epitools 0.5-10.1, epiR 2.0.57, boot 1.3-28, jsonlite 1.8.4.
suppressMessages({library(sandwich); library(boot); library(epiR); library(epitools); library(jsonlite)})
d <- read.csv("whole_days.csv")
d$event <- as.integer(d$outcome == 1)
d$id <- as.integer(factor(d$patient))
out <- list()

# Models: naive errors, and with patients as clusters.
clustered <- function(fit, at = 2) unname(sqrt(vcovCL(fit, cluster = d$patient, type = "HC0", cadjust = FALSE)[at, at]))
exact <- function(...) glm(..., data = d, control = glm.control(epsilon = 1e-15, maxit = 100))
pois <- exact(event ~ exposed, family = poisson)
rate <- exact(event ~ exposed + offset(log(days)), family = poisson)
logi <- exact(event ~ exposed, family = binomial)
one <- exact(event ~ 1, family = binomial)
lin <- lm(event ~ exposed, data = d)
out$risk_ratio <- list(log = coef(pois)[[2]], se = clustered(pois))
out$rate_ratio <- list(log = coef(rate)[[2]], se = clustered(rate), se_naive = sqrt(vcov(rate)[2, 2]))
out$odds_ratio <- list(log = coef(logi)[[2]], se = clustered(logi), se_naive = sqrt(vcov(logi)[2, 2]))
out$risk_difference <- list(value = coef(lin)[[2]], se = clustered(lin))
out$risk <- list(logit = coef(one)[[1]], se = clustered(one, 1))

# Two-by-two tables.
counts <- function(...) table(factor(d$exposed, 1:0), factor(d$event, 1:0), ...)
out$katz <- unname(epitools::riskratio.wald(counts()[2:1, 2:1])$measure[2, ])
out$woolf <- unname(epitools::oddsratio.wald(counts()[2:1, 2:1])$measure[2, ])
out$wilson <- as.numeric(prop.test(sum(d$event), nrow(d), correct = FALSE)$conf.int)
mh <- epi.2by2(counts(d$level), method = "cohort.count")$massoc.detail$RR.mh.wald
out$mantel_haenszel_level <- as.numeric(unlist(mh))

# The clustered variance of the same, by differentiating the weighted estimator with respect to each patient's weight.
mh_log <- function(w) {
  R <- 0; S <- 0
  for (l in unique(d$level)) {
    k <- d$level == l; x <- d$exposed[k]; y <- d$event[k]; v <- w[d$id[k]]
    n1 <- sum(v * x); n0 <- sum(v * (1 - x))
    R <- R + sum(v * x * y) * n0 / (n1 + n0)
    S <- S + sum(v * (1 - x) * y) * n1 / (n1 + n0)
  }
  log(R / S)
}
G <- max(d$id); h <- 1e-4
u <- sapply(1:G, function(g) { e <- replace(numeric(G), g, h); (mh_log(1 + e) - mh_log(1 - e)) / (2 * h) })
out$mantel_haenszel_level_clustered_se <- sqrt(sum(u^2))

# Patients as strata.
by_patient <- counts(d$patient)
a <- by_patient[1, 1, ]; n1 <- a + by_patient[1, 2, ]
cc <- by_patient[2, 1, ]; n0 <- cc + by_patient[2, 2, ]
n <- n1 + n0; R <- sum(a * n0 / n); S <- sum(cc * n1 / n)
out$within_patient <- list(log = log(R / S),
  se = sqrt(sum(((a + cc) * n1 * n0 - a * cc * n) / n^2) / (R * S)),
  se_patients = sqrt(sum((a * n0 / n / R - cc * n1 / n / S)^2)))

# Patients drawn with replacement.
per <- cbind(a, n1, cc, n0); s <- colSums(per)
set.seed(1)
boots <- boot(per, function(x, i) { s <- colSums(x[i, ]); (s[1] / s[2]) / (s[3] / s[4]) }, R = 40000)
influence <- (per[, 1] - s[1] / s[2] * per[, 2]) / s[1] - (per[, 3] - s[3] / s[4] * per[, 4]) / s[3]
ci <- boot.ci(boots, type = c("perc", "bca"), L = influence)
out$bootstrap <- list(percentile = ci$percent[4:5], bca = ci$bca[4:5])

write_json(out, "risks.json", digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)
