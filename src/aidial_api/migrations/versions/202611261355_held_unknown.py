"""What legal holds kept of a deletion may be unknown: counting it can take too long."""

from alembic import op

revision = "202611261355"
down_revision = "202611261350"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE deletion_receipts ALTER COLUMN held DROP NOT NULL")
