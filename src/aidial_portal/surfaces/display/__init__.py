"""How lists look in this browser: the address behind the choice."""
