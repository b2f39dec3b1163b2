"""Data that a tenant wants deleted."""
