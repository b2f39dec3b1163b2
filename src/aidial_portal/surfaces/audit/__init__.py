"""The activity log as a page and as JSON."""
