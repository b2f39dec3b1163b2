"""Usage, invoices and who receives them, as the billing provider tells."""

from alembic import op

revision = "202611251010"
down_revision = "202611251000"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
