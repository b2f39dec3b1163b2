"""The database's shape over time; `kernel.migrate` runs it, and `HEAD` names the newest revision."""
