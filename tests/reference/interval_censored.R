# Reference values for interval-censored times. Run in this folder: Rscript interval_censored.R
# R 4.2.2, survival 3.5-3, jsonlite 1.8.4.
# Turnbull's curve comes from survfit and, because that stops early, from a plain EM run on until nothing moves.
suppressMessages({library(survival); library(jsonlite)})

# Months to cosmetic deterioration of the breast, by treatment: Finkelstein DM, Wolfe RA. A semiparametric model for
# regression analysis of interval-censored failure time data. Biometrics 1985;41:933-945. "6-10" is (6, 10].
rows <- list(
  radiation = "45+ 6-10 0-7 46+ 46+ 7-16 17+ 7-14 37-44 0-8 4-11 15+ 11-15 22+ 46+ 46+ 25-37 46+ 26-40 46+ 27-34 36-44
    46+ 36-48 37+ 40+ 17-25 46+ 11-18 38+ 5-12 37+ 0-5 18+ 24+ 36+ 5-11 19-35 17-25 24+ 32+ 33+ 19-26 37+ 34+ 36+",
  chemotherapy = "8-12 0-22 24-31 17-27 17-23 24-30 16-24 13+ 11-13 16-20 18-25 17-26 32+ 23+ 44-48 10-17 0-5 5-8 12-20
    11+ 33-40 31+ 13-39 19-32 34+ 13+ 16-24 35+ 15-22 11-17 22-32 48+ 30-34 13+ 10-35 8-21 4-9 11+ 14-19 4-8 34+ 30-36
    18-24 16-60 35-39 21+ 11-20 14-17")
parse <- function(text) {
  words <- strsplit(trimws(text), "\\s+")[[1]]
  data.frame(left = as.numeric(sub("[-+].*", "", words)),
             right = ifelse(grepl("\\+", words), Inf, suppressWarnings(as.numeric(sub(".*-", "", words)))))
}
cosmesis <- lapply(rows, parse)
stopifnot(nrow(cosmesis$radiation) == 46, nrow(cosmesis$chemotherapy) == 48)

# Patients of unequal frailty with up to eight vertebrae each, imaged at the same days; a few times known to the day.
set.seed(1976)
cohort <- do.call(rbind, lapply(1:60, function(g) {
  n <- sample(2:8, 1); exposed <- rbinom(n, 1, 0.3)
  images <- c(0, cumsum(10 * sample(3:20, 7, replace = TRUE)), Inf)
  days <- 600 * (rexp(n) / (rgamma(1, 2, 2) * exp(0.7 * exposed)))^(1 / 1.3)
  place <- findInterval(days, images, left.open = TRUE)
  left <- images[place]; right <- images[place + 1]
  is_exact <- is.finite(right) & runif(n) < 0.15
  left[is_exact] <- right[is_exact] <- pmax(1, round(days[is_exact]))
  data.frame(patient = g, exposed, left, right, fourth = images[4], is_later = days > images[4])
}))

# Plain self-consistency over every elementary interval between adjacent ends, exact times as intervals of their own.
em <- function(left, right) {
  ends <- sort(unique(c(0, left, right, Inf)))
  after <- c(ends[-length(ends)], left[left == right]); through <- c(ends[-1], left[left == right])
  keep <- !duplicated(cbind(after, through)); after <- after[keep]; through <- through[keep]
  # A point is inside (l, r] when l < point <= r, and inside an exact time when it is that time.
  inside <- function(l, r) if (l == r) after == l & through == l else
    ifelse(after == through, after > l & after <= r, after >= l & through <= r)
  A <- t(mapply(inside, left, right)) * 1
  p <- rep(1 / length(after), length(after)); moved <- 1; rounds <- 0
  while (moved > 1e-14 && rounds < 2e6) {
    q <- p * drop(crossprod(A, 1 / drop(A %*% p))) / nrow(A)
    moved <- max(abs(q - p)); p <- q; rounds <- rounds + 1
    if (rounds %% 1000 == 0) { k <- p > 1e-30; A <- A[, k]; p <- p[k]; after <- after[k]; through <- through[k] }
  }
  gain <- drop(crossprod(A, 1 / drop(A %*% p))) / nrow(A)
  kept <- p > 1e-9; o <- order(after[kept], through[kept])
  list(after = after[kept][o], through = ifelse(is.finite(through), through, NA)[kept][o], mass = p[kept][o],
       rounds = rounds, largest_gain = max(gain))
}
interval2 <- function(d) {
  Surv(ifelse(d$left == 0, NA, d$left), ifelse(is.finite(d$right), d$right, NA), type = "interval2")
}
curve <- function(d) { f <- survfit(interval2(d) ~ 1, data = d); list(time = f$time, surv = f$surv) }

tight <- survreg.control(rel.tolerance = 1e-14, iter.max = 200)
# b = -coefficient / scale by (intercept, coefficient, log scale).
by_parameter <- function(f) c(0, -1 / f$scale, coef(f)[["exposed"]] / f$scale)
error <- function(f, V) sqrt(drop(t(by_parameter(f)) %*% V %*% by_parameter(f)))
# survreg's own clustered variance is right where no bracket has two finite ends apart from one another. For those its
# score by log scale has the wrong sign (they do not add up to zero): differentiate the likelihood by complex steps.
clustered <- function(f, d) {
  theta <- c(coef(f), log(f$scale))
  scores <- sapply(1:3, function(j) {
    at <- replace(theta + 0i, j, theta[j] + 1e-20i)
    H <- function(t) exp((log(t) - at[1] - at[2] * d$exposed) / exp(at[3]))
    clean <- ifelse(d$left > 0, H(pmax(d$left, 1)), 0)
    has_ends <- is.finite(d$right) & d$left < d$right
    later <- H(ifelse(is.finite(d$right), d$right, 1))
    value <- -clean + ifelse(has_ends, log(1 - exp(clean - later)), ifelse(is.finite(d$right), log(clean) - at[3], 0))
    Im(value) / 1e-20
  })
  stopifnot(all(abs(colSums(scores)) < 1e-8))
  error(f, f$naive.var %*% crossprod(rowsum(scores, d$patient)) %*% f$naive.var)
}
weibull <- function(d) {
  f <- survreg(interval2(d) ~ exposed, data = d, dist = "weibull", cluster = patient, control = tight)
  kept <- d[d$left > 0 | is.finite(d$right), ]
  list(log = -coef(f)[["exposed"]] / f$scale, naive_se = error(f, f$naive.var), se = clustered(f, kept),
       survreg_se = error(f, f$var))
}
both <- rbind(cbind(cosmesis$radiation, exposed = 0), cbind(cosmesis$chemotherapy, exposed = 1))
both$patient <- seq_len(nrow(both))
# Every event at its right end exactly; and what the fourth image alone would have told. survreg is right for both.
exact <- cohort[is.finite(cohort$right) | cohort$left > 0, ]
exact$left <- ifelse(is.finite(exact$right), exact$right, exact$left)
status <- transform(cohort, left = ifelse(is_later, fourth, 0), right = ifelse(is_later, Inf, fourth))
out <- list(
  cosmesis = lapply(cosmesis, function(d) list(left = d$left, right = ifelse(is.finite(d$right), d$right, NA))),
  cohort = list(patient = cohort$patient, exposed = cohort$exposed, left = cohort$left,
                right = ifelse(is.finite(cohort$right), cohort$right, NA),
                fourth = cohort$fourth, is_later = cohort$is_later),
  survfit = lapply(c(cosmesis, list(cohort = cohort[cohort$left < cohort$right, ])), curve),
  em = c(lapply(cosmesis, function(d) em(d$left, d$right)), list(cohort = em(cohort$left, cohort$right))),
  weibull = lapply(list(cosmesis = both, cohort = cohort, exact = exact, status = status), weibull))
write_json(out, "interval_censored.json", digits = I(17), auto_unbox = TRUE, na = "null")
