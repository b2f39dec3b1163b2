"""Child processes that cannot outlive this one, and a supervisor for a tree of them."""
