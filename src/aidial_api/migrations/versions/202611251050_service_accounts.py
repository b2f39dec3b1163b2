"""Programs that come with a bearer of their own."""

from alembic import op

revision = "202611251050"
down_revision = "202611251040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
