"""Any source of a table (CSV, spreadsheets, statistics files, databases) as columns of texts and dates."""
