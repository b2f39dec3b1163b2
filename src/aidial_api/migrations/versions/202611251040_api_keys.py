"""API keys that people make for a client."""

from alembic import op

revision = "202611251040"
down_revision = "202611251030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # A page of a client's keys, newest first.
    op.execute("CREATE INDEX api_keys_of_client ON api_keys (client_id, created_at DESC, api_key_id DESC)")
