"""Helpers of the vertebroplasty workbook: cohort, estimators, figures, report and workbook."""
