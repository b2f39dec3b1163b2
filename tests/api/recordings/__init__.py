"""Recordings of calls at `/v1`."""
