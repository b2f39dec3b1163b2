"""What both servers do the same way: bounded connections, bounded crowds, health, a clean end, a last resort.

The one thing a newcomer would get wrong: nothing here knows a route, a role or a database. An app hands in
what differs; the two apps still never import one another.
"""
