"""What legal holds kept of what retention deleted is unknown until it is counted, and may stay so."""

from alembic import op

revision = "202611261630"
down_revision = "202611261625"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE retention_receipts ALTER COLUMN held DROP NOT NULL")
    for table in ("retention_receipts", "deletion_receipts"):
        op.execute(f"ALTER TABLE {table} ALTER COLUMN held DROP DEFAULT")
