"""The `aidial` command: the demo, the servers, and what an administrator does from a shell."""
