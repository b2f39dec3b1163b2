"""Messages to people: queued, sent, tried again, given up."""
