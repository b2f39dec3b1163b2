"""API keys that people make for a client."""

from alembic import op

revision = "202611251040"
down_revision = "202611251030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
