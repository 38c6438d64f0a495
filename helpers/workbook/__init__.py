"""Study file, steps, runs and the command line. Knows no statistics."""
