"""`/static/<version>/...`: style sheet, scripts, fonts."""
