"""Support tickets at the API."""
