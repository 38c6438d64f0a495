# What is timed in R. Rscript --vanilla peers.R FOLDER STEP RUNS
# FOLDER holds one file of whole numbers (int32) per column, made by peers_r.py; STEP is one name of `steps` below.
# Writes FOLDER/seconds.txt (a line per run) and FOLDER/answer.txt (the numbers to compare with ours).
# A first run warms up and does not count, unless it took over five seconds (as in measure.py).

arguments <- commandArgs(TRUE)
folder <- arguments[1]
runs <- as.integer(arguments[3])
column <- function(name) { # NA is the smallest int32 on both sides
  path <- file.path(folder, paste0(name, ".int32"))
  readBin(path, "integer", file.size(path) / 4)
}
columns <- function(table, names) sapply(names, function(name) column(paste0(table, ".", name)), simplify = FALSE)
needs <- function(...) for (package in c(...)) suppressPackageStartupMessages(library(package, character.only = TRUE))
rows <- function() list2env(columns("rows", c("days", "event", "exposed", "patient")), globalenv())
report_days <- c(30, 90, 180, 365, 730)

# ---- packages, as their manuals say
log_ratio_and_error <- function(fit, variance = vcov(fit)) c(coef(fit)[["exposed"]], sqrt(variance["exposed", "exposed"]))

risk_ratio <- function() {
  fit <- glm(event ~ exposed, family = poisson)
  log_ratio_and_error(fit, vcovCL(fit, cluster = patient, type = "HC0", cadjust = FALSE))
}
patient_bootstrap <- function() {
  counts <- rowsum(cbind(exposed * event, exposed, (1L - exposed) * event, 1L - exposed), patient)
  # Indices of all resamples at once are faster, while they fit.
  boot(counts, function(counts, drawn) {
    total <- colSums(counts[drawn, ])
    total[1] / total[2] / (total[3] / total[4])
  }, R = 2000, simple = nrow(counts) > 2e5)
}
bootstrap_numbers <- function(result) c(log(result$t0), sd(log(result$t)))
curve_by_group <- function() survfit(Surv(days, event) ~ exposed, conf.type = "log-log")
curve_numbers <- function(fit) {
  at <- summary(fit, times = report_days, extend = TRUE)
  c(at$surv, at$lower, at$upper)
}
one_curve <- function() survfit(Surv(days, event) ~ 1, conf.type = "log-log")
log_rank <- function() survdiff(Surv(days, event) ~ exposed)
cox <- function() coxph(Surv(days, event) ~ exposed)
cox_clustered <- function() coxph(Surv(days, event) ~ exposed, cluster = patient)

# ---- the workbook's own way, in R: counts in cells and lookup tables
risk_ratio_by_counts <- function() {
  n <- max(patient)
  is_exposed <- exposed == 1L
  is_event <- event == 1L
  a <- tabulate(patient[is_event & is_exposed], n)
  n1 <- tabulate(patient[is_exposed], n)
  c <- tabulate(patient[is_event & !is_exposed], n)
  n0 <- tabulate(patient[!is_exposed], n)
  u <- (a - n1 * (sum(a) / sum(n1))) / sum(a) - (c - n0 * (sum(c) / sum(n0))) / sum(c)
  c(log(sum(a) / sum(n1) / (sum(c) / sum(n0))), sqrt(sum(u^2)))
}
cox_by_lookup <- function() {
  n_days <- max(days) + 1L
  cell <- 4L * days + 2L * exposed + event + 1L
  counts <- matrix(tabulate(cell, 4L * n_days), nrow = 4) # by day: unexposed, with event, exposed, with event
  events <- cbind(counts[2, ], counts[4, ])
  leaving <- cbind(counts[1, ] + counts[2, ], counts[3, ] + counts[4, ])
  at_risk <- apply(leaving, 2, function(left) rev(cumsum(as.numeric(rev(left)))))
  tied <- rowSums(events)
  of_event <- rep(seq_len(n_days), tied)
  gone <- (sequence(tied[tied > 0]) - 1) / tied[of_event] # Efron: 0/d, 1/d, ...
  weight <- at_risk[of_event, ] - gone * events[of_event, ]
  log_ratio <- 0
  repeat { # Newton
    exposed_risk <- exp(log_ratio) * weight[, 2]
    denominator <- weight[, 1] + exposed_risk
    share <- exposed_risk / denominator
    information <- sum(share * (1 - share))
    step <- (sum(events[, 2]) - sum(share)) / information
    if (abs(step) < 1e-12) break
    log_ratio <- log_ratio + step
  }
  by_day <- function(values) {
    total <- numeric(n_days)
    sums <- rowsum(values, of_event)
    total[as.integer(rownames(sums))] <- sums
    total
  }
  residual <- matrix(0, 4, n_days) # of each kind of row, on each day
  for (x in 0:1) {
    distance <- x - share
    hazard <- exp(log_ratio * x) * distance / denominator
    until_here <- cumsum(by_day(hazard))
    residual[2 * x + 1, ] <- -until_here
    residual[2 * x + 2, ] <- by_day(distance) / pmax(tied, 1) - until_here + by_day(hazard * gone)
  }
  u <- rowsum(residual[cell], patient, reorder = FALSE)
  c(log_ratio, sqrt(sum(u^2)) / information)
}

# ---- everything, from the clean tables
risk_table <- function() {
  index <- procedures[, .(index_day = min(day)), by = patient]
  procedures <- procedures[index, on = "patient"][, since := day - index_day]
  fractures <- fractures[index, on = "patient", nomatch = NULL][, since := day - index_day]
  people <- patients[procedure_set_aside == 0L][index, on = "patient", nomatch = NULL]
  people[procedures[since > 0L, .(day = min(since)), by = patient], on = "patient", next_procedure := i.day]
  people[imaging[, .(day = max(day)), by = patient], on = "patient", image := pmin(i.day, death, na.rm = TRUE)]
  people[fractures[, .(day = max(day)), by = patient], on = "patient", last_fracture := i.day]
  people[, seen := fcoalesce(last_imaging, image, last_contact)]
  people[!is.na(seen), seen := pmax(seen, last_fracture, na.rm = TRUE)]
  people[, last := pmin(fcoalesce(death, pmax(seen, index_day)) - index_day, next_procedure, na.rm = TRUE)]
  people <- people[!is.na(seen) | !is.na(death)]

  cement <- procedures[rep(seq_len(.N), each = 19L), .(patient, since, level_mask, slot = rep_len(0:18, .N))]
  cement <- cement[bitwAnd(level_mask, bitwShiftL(1L, slot)) > 0L, .(cemented = min(since)), by = .(patient, slot)]
  table <- spines[slot <= 17L][people, on = .(thoracic, lumbar), allow.cartesian = TRUE,
                               .(patient, slot, region, place, thoracic, lumbar, last, death = death - index_day)]
  table[cement, on = .(patient, slot), cemented := i.cemented]
  for (kind in c("new", "prevalent")) {
    first <- fractures[status == kinds[[kind]], .(day = min(since)), by = .(patient, slot)]
    table[first, on = .(patient, slot), (kind) := i.day]
  }
  is_prevalent <- table[, !is.na(prevalent) & (is.na(new) | prevalent <= new)]
  table <- table[!is_prevalent & (is.na(cemented) | cemented > 0L)]

  placed <- cement[cemented == 0L][patients, on = "patient", nomatch = NULL]
  placed <- placed[spines, on = .(thoracic, lumbar, slot), nomatch = NULL, .(patient, cement_place = place)]
  table[, row := .I]
  pairs <- table[, .(row, patient, place)][placed, on = "patient", nomatch = NULL, allow.cartesian = TRUE]
  pairs[, apart := place - cement_place]
  table[pairs[apart > 0L, .(apart = min(apart)), by = row], on = "row", above := i.apart]
  table[pairs[apart < 0L, .(apart = max(apart)), by = row], on = "row", below := -i.apart]
  table[, last := pmin(last, cemented, na.rm = TRUE)]
  table[, outcome := fcase(!is.na(new) & new <= last, 1L, !is.na(death) & death <= last, 2L, default = 0L)]
  table[, days := fifelse(outcome == 1L, pmax(new, 0L), last)]
  table[, distance := pmin(above, below, na.rm = TRUE)]
  table[, direction := fcase(is.na(above) | below < above, 0L, is.na(below) | above < below, 1L, default = 2L)]
  table[, is_adjacent := distance <= 1L]
  table[, is_sandwich := !is.na(above) & !is.na(below) & above == 1L & below == 1L]
  table[, .(patient, level = slot, region, distance, direction, is_adjacent, is_sandwich, days, outcome)]
}
clean_tables <- function() { # data.table keeps to its usual number of threads: half the cores
  codes <- list(patients = c("patient", "thoracic", "lumbar", "procedure_set_aside", "last_imaging", "last_contact", "death"),
                procedures = c("patient", "day", "level_mask"), fractures = c("patient", "slot", "day", "status"),
                imaging = c("patient", "day"), spines = c("thoracic", "lumbar", "slot", "region", "place"))
  for (name in names(codes)) assign(name, as.data.table(columns(name, codes[[name]])), globalenv())
  statuses <- columns("statuses", c("new", "prevalent"))
  assign("kinds", statuses, globalenv())
}
fingerprint <- function(table) { # as in cohorts.py
  weight <- 1 + (seq_len(nrow(table)) - 1) %% 1009
  table[, patient := patient - 1L]
  c(nrow(table), sapply(table, function(column) sum(as.numeric(column) * weight)))
}
estimates <- function() list(risk_ratio(), patient_bootstrap(), curve_by_group(), log_rank(), cox_clustered())
estimates_numbers <- function(found) {
  clustered <- found[[5]] # one fit tells both errors
  c(found[[1]], bootstrap_numbers(found[[2]]), curve_numbers(found[[3]]), found[[4]]$chisq,
    coef(clustered), sqrt(clustered$naive.var), sqrt(clustered$var))
}
everything <- function() {
  table <- risk_table()
  list2env(list(days = table$days, event = as.integer(table$outcome == 1L), exposed = as.integer(table$is_adjacent),
                patient = table$patient), globalenv())
  estimates()
}

# Each step: its packages, what it reads, what is timed, and the numbers to compare.
step <- function(run, numbers = identity, packages = character(), data = rows) {
  list(run = run, numbers = numbers, packages = packages, data = data)
}
all_packages <- c("survival", "sandwich", "boot")
steps <- list(
  risk_ratio = step(risk_ratio, packages = "sandwich"),
  bootstrap = step(patient_bootstrap, bootstrap_numbers, "boot"),
  curve = step(one_curve, curve_numbers, "survival"),
  log_rank = step(log_rank, function(test) test$chisq, "survival"),
  cox = step(cox, log_ratio_and_error, "survival"),
  cox_clustered = step(cox_clustered, log_ratio_and_error, "survival"),
  risk_ratio_by_counts = step(risk_ratio_by_counts),
  cox_by_lookup = step(cox_by_lookup),
  risk_table = step(risk_table, fingerprint, "data.table", clean_tables),
  estimates = step(estimates, estimates_numbers, all_packages),
  everything = step(everything, estimates_numbers, c(all_packages, "data.table"), clean_tables)
)

asked <- steps[[arguments[2]]]
needs(asked$packages)
set.seed(1)
invisible(asked$data())
times <- numeric()
repeat {
  gc()
  start <- as.numeric(Sys.time())
  result <- asked$run()
  took <- as.numeric(Sys.time()) - start
  if (!exists("answer")) {
    answer <- asked$numbers(result)
    writeLines(sprintf("%.17g", as.numeric(answer)), file.path(folder, "answer.txt"))
    if (took > 5) times <- took
  } else times <- c(times, took)
  rm(result)
  # As in measure.py: short runs are many, for the median to be theirs.
  if (length(times) >= runs && (sum(times) >= 0.1 || length(times) >= 200)) break
}
writeLines(sprintf("%.6f", times), file.path(folder, "seconds.txt"))
