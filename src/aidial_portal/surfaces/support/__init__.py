"""Support: the tickets one reaches, a new one, and the conversation on each."""
