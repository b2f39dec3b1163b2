"""Support tickets and their comments."""

from alembic import op

revision = "202611251020"
down_revision = "202611251010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
