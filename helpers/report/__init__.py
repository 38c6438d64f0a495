"""Estimates and figures to sentences, tables and pages. The only place that rounds."""
