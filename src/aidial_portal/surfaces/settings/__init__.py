"""What a tenant sets for itself: `/settings` and `/api/settings`."""
