"""A profile has a version of its own: what else changes about a person is no conflict with it."""

from alembic import op

revision = "202611261320"
down_revision = "202611261310"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "ALTER TABLE users ADD COLUMN profile_version integer NOT NULL DEFAULT 1 CHECK (profile_version > 0),"
        " ADD COLUMN profile_changed_at timestamptz"
    )
