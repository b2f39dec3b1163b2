"""Projects: the phone lines and agent set-ups in reach."""
