"""What the API says of itself: its errors, its OpenAPI, its docs page."""
