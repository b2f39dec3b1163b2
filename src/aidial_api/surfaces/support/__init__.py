"""Support tickets and the conversation on each."""
