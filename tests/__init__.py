"""Why to believe the workbook."""
