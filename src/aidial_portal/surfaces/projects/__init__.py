"""`GET /api/projects`."""
