"""The chain of the activity log: sealing, checkpoints outside the database, and looking whether both hold."""
