"""What a tenant sets for itself, and the addresses its people may come from."""

from alembic import op

revision = "202611251000"
down_revision = "202611221010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
