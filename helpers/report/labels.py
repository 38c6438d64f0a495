"""The words above the columns of the report's tables."""

ROWS = {"table": "Table", "read": "Rows read", "kept": "Kept", "quarantined": "Set aside"}
REASONS = {
    "table": "Table",
    "rule": "Rule",
    "action": "Done",
    "rows": "Rows",
    "first_rows": "First rows in the file",
    "example": "Why",
}
CHECK_COUNTS = {"rule": "Rule", "rows": "Rows", "action": "Done", "source": "File", "first_rows": "First rows"}
CHECK_LINES = {
    "row": "Row",
    "column": "Column",
    "value": "Value",
    "why": "What is wrong, and what to do",
    "now": "Now",
}
PUBLISHED = {"figure": "Figure", "value": "Value", "unit": "Unit", "strength": "Seen in", "source": "Source"}
COVARIATES = {
    "label": "Covariate",
    "compares": "Compares",
    "patients": "Patients",
    "missing": "Missing",
    "is_used": "Used",
    "why": "Why not",
}
BRACKETS = {"group": "Vertebra", "vertebrae": "Vertebrae", "is_kept": "Used"}
LEFT_OUT = {"rule": "Left out", "reason": "Why", "specifications": "Combinations"}
CHOICE_VALUES = {
    "choice": "Choice",
    "value": "Value",
    "reason": "Why a reader could choose it",
    "specifications": "Specifications",
    "median": "Median ratio",
}
EFFECTS = {
    "choice": "Choice",
    "variance_share": "Share of variance",
    "largest_factor": "Largest factor",
    "pairs": "Pairs",
    "direction_flips": "Side of 1 flips",
    "interval_flips": "Interval flips",
}
JOINT_TESTS = {
    "null": "Cement dealt anew among",
    "patients": "Patients",
    "statistic": "Of the curve",
    "observed": "Observed",
    "null_median": "Median when dealt anew",
    "null_high": "95th percentile",
    "p_value": "p",
}
PARAMETERS = {
    "parameter": "Parameter",
    "value": "Value",
    "default": "Default",
    "changed": "Changed?",
    "meaning": "Meaning",
}
CODEBOOK = {
    "table": "Table",
    "column": "Column",
    "meaning": "Meaning",
    "unit": "Unit",
    "allowed": "Allowed",
    "n": "Known",
    "n_missing": "Missing",
}
EVIDENCE = {
    "study": "Study",
    "contrast": "Contrast",
    "outcome": "Outcome",
    "unit": "Unit",
    "is_ours": "Ratio calculated here",
    "strength": "Read in",
    "remark": "Remark",
}
INPUTS = {"name": "Input", "rows": "Rows", "bytes": "Bytes", "sha256": "SHA-256"}
VERSIONS = {"package": "Package", "version": "Version"}
