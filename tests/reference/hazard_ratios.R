# Hazard ratios and log-rank tests: the whole-day cohort, and survival's diabetic.
# Run in this folder: Rscript hazard_ratios.R. R 4.2.2, survival 3.5-3, jsonlite 1.8.4.
suppressMessages({library(survival); library(jsonlite)})
d <- read.csv("whole_days.csv")
d$event <- as.integer(d$outcome == 1)
tight <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 50)
S <- Surv(d$days, d$event)
cox <- function(f) list(log = unname(coef(f)), se = sqrt(unname(diag(vcov(f)))), robscore = unname(summary(f)$robscore))
out <- list()

out$cox <- cox(coxph(S ~ exposed, d, control = tight, ties = "efron"))
out$cox_clustered <- cox(coxph(S ~ exposed, d, cluster = patient, control = tight))
out$cox_level <- cox(coxph(S ~ exposed + strata(level), d, cluster = patient, control = tight))
out$cox_within <- cox(coxph(S ~ exposed + strata(patient), d, control = tight))
late <- subset(d, days > 50)
late$event <- late$event * (late$days <= 150)
out$cox_window <- cox(coxph(Surv(pmin(days, 150), event) ~ exposed, late, cluster = patient, control = tight))
out$logrank <- survdiff(S ~ exposed, d)$chisq
out$logrank_level <- survdiff(S ~ exposed + strata(level), d)$chisq

fit <- coxph(Surv(time, status) ~ trt, diabetic, cluster = id, control = tight)
out$diabetic <- cox(fit)
out$diabetic$naive_se <- sqrt(fit$naive.var[1])
out$diabetic_within <- cox(coxph(Surv(time, status) ~ trt + strata(id), diabetic, control = tight))
out$diabetic_logrank <- survdiff(Surv(time, status) ~ trt, diabetic)$chisq

write_json(out, "hazard_ratios.json", digits = I(17), auto_unbox = TRUE, na = "null", pretty = TRUE)
