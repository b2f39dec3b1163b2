"""A deletion that broke off every time it was tried is `failed`, until somebody has it run again."""

from alembic import op

revision = "202611261633"
down_revision = "202611261632"
branch_labels = None
depends_on = None

STATES = (
    "submitted",
    "under_review",
    "approved",
    "executing",
    "failed",
    "completed",
    "rejected",
    "cancelled",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("data_deletions", "data_deletion_steps"):
        name = f"{table}_state_check"
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (state IN {STATES})"
        )
