"""The long randomised runs of `make fuzz`; `tests/fuzz` runs a short slice of each."""
