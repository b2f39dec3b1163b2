"""One's own account: profile, second factor, sessions."""
