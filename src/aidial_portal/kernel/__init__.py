"""What every surface of the portal stands on: the row, the guard, the session, the API's transport."""
