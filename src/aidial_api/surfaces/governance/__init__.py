"""How long a tenant's data is kept: the policy, what it deletes, and what must not be deleted."""
