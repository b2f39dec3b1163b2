"""Sessions: the registry of who is signed in where, first sign-in, refresh by lease, and who-am-I."""
