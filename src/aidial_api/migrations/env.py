"""Alembic's entry point: runs inside the connection that `kernel.migrate` opened.

A newcomer would look for a database address here. There is none: `kernel.migrate` puts an open
connection, in a transaction, into the configuration's attributes and commits it itself.
"""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=None,
    transactional_ddl=True,
)
context.run_migrations()
