"""The dashboard, and its numbers as JSON and CSV."""
