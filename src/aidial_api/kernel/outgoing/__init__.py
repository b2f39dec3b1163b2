"""E-mail and SMS that AiDial sends to people: queued in a transaction, sent by the worker."""
