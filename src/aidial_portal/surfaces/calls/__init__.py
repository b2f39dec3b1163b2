"""Calls: the list, the review under a row, and the same as JSON."""
