"""What every surface of the API stands on: guard, credentials, database, errors on the wire."""
