"""HTTP JSON over PostgreSQL: what voice platforms, partners' servers and the portal call."""
