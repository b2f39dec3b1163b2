"""Drafts and published versions of a project's sections."""

from alembic import op

revision = "202611251030"
down_revision = "202611251020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
