"""Operations: which tenants there are, who is signed in, and what the worker has to do."""
