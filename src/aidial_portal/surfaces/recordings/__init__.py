"""Recordings: an address to play or download one, and its bytes."""
