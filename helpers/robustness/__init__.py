"""The same question asked many times: under other choices, other cohorts and other errors."""
