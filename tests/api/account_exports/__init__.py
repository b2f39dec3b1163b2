"""What a tenant takes away of its own account."""
