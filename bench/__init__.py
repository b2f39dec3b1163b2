"""Measurements: CPU a request and latency, each beside its floor in the same run."""
