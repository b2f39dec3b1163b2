"""What a tenant's plan includes: saved by who looks after it, read by its own people."""
