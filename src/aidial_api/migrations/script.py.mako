"""${message}"""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A migration waits at most this long for a lock: queueing behind a long
    # query would block every request that comes after it.
    op.execute("SET LOCAL lock_timeout = '5s'")
