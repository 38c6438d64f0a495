"""Arrays to estimates. Knows formulas; knows no column name, file or plot."""
