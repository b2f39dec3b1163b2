"""Status: incidents, and what each project's own calls say of its parts."""
