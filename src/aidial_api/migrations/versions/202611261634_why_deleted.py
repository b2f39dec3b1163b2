"""Why a transcript's words were deleted; of those deleted earlier nobody noted it."""

from alembic import op

revision = "202611261634"
down_revision = "202611261633"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "ALTER TABLE transcripts ADD COLUMN deleted_for text CHECK (deleted_for IN ('retention', 'request'))"
    )
