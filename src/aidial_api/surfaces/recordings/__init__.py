"""Recordings of calls: taken in, measured, played, downloaded, deleted."""
