"""What both apps agree on, held against the specification's own tables."""
