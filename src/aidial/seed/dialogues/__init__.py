"""What is said on a call, one file a theme; `themes.py` says how often each theme comes up on which line.

A theme is a function that plays on a `Scene` and returns the `Ending`; it never touches clocks or call
fields.
"""
