"""Clients of a partner organisation."""
