"""How the portal looks: templates, tokens, formatting. A leaf: it imports nothing else of the portal."""
