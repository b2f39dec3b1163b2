"""`/api/health` and `/api/health/live`."""
