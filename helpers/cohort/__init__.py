"""Raw files to clean tables to the risk table. Knows column names; knows no formula."""
