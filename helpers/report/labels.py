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
PARAMETERS = {"parameter": "Parameter", "value": "Value", "default": "Default", "meaning": "Meaning"}
CODEBOOK = {
    "table": "Table",
    "column": "Column",
    "meaning": "Meaning",
    "unit": "Unit",
    "allowed": "Allowed",
    "n": "Known",
    "n_missing": "Missing",
}
INPUTS = {"name": "Input", "rows": "Rows", "bytes": "Bytes", "sha256": "SHA-256"}
VERSIONS = {"package": "Package", "version": "Version"}
