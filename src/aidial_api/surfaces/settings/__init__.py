"""What a tenant sets for itself, section by section."""
