"""The activity log: its events and who appears in them."""
