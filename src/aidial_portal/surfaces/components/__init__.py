"""The design system on one page, for people who work on it."""
