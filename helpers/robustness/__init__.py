"""The same question asked many times: other choices, other cohorts, errors in the data, other studies."""
