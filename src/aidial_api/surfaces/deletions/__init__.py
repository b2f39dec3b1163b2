"""Data that a tenant wants deleted: asked for, reviewed by somebody else, deleted, and proven."""
