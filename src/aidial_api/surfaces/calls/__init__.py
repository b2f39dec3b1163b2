"""Calls: delivery by key, lists, one call, its transcript, progress."""
