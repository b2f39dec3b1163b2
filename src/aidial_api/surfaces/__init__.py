"""The API's surfaces, one folder each; none imports another."""
