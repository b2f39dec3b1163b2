"""What a tenant takes away of its own account: people, settings, the activity log and tickets, as a file."""
