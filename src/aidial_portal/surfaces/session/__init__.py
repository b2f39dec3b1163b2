"""One's own session: CSRF token, state, touch, and a fresh look at the second factor."""
