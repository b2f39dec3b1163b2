"""API keys of a client, made and ended by people."""
