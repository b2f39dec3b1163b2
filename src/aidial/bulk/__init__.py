"""Millions of calls straight into the database, for measuring: what `aidial seed` does without a project.

The one thing a newcomer would get wrong: nothing is left out to be quick. Numbers are encrypted a call each
and found by caller, texts went through redaction, and every constraint and policy is checked as ever.
"""
