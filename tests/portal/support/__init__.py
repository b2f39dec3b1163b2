"""Support as pages and as JSON for them."""
