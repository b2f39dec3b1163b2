"""Monthly reports, and the history of what was sent to whom."""
