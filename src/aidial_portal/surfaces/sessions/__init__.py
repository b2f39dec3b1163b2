"""One's own sessions: `/api/sessions`."""
