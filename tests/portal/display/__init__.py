"""How lists look, on the portal."""
