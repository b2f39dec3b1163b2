"""Recordings on the portal."""
