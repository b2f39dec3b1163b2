"""Drafts and published versions of projects."""
