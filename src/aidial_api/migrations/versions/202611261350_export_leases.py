"""Until when no other attempt begins an account export: while one moves on, or a store is given time."""

from alembic import op

revision = "202611261350"
down_revision = "202611261345"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE account_exports ADD COLUMN leased_until timestamptz")
