"""The billing provider as the rest of the API sees it: a port, and the desk in front of it."""
