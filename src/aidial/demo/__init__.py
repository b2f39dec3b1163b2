"""The demo: one folder, one process tree, everything AiDial is.

`folder` (what lies where, its lock), `memory` (secrets and the first seeding's plan), `ports`,
`environment` (what the children are told), `organisation` (people and keys into the database), `seeding`,
`manifest` (`demo.json`), `run` (the order of it all). The one thing a newcomer would get wrong: the demo uses
the product from outside; calls are delivered through the public API with a client's own key.
"""
