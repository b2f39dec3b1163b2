"""Every route beside every asker, drawn from the route tables: a row nobody thought of fails here."""
