"""Wire shapes, one module a surface: parsed, checked, encoded and documented from one definition.

The one thing a newcomer would get wrong: an incoming shape refuses unknown fields, an outgoing one does not
exist twice: the portal passes on the API's.
"""
