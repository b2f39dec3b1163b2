"""Status: how things are, for everybody who may sign in."""
