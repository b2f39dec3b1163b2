"""Saved views of the list of calls."""

from alembic import op

revision = "202611260591"
down_revision = "202611260590"
branch_labels = None
depends_on = None

# A person's own, and of one client: whoever loses a client loses their views of it from sight.
MINE = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
    " AND user_id = (select nullif(current_setting('app.actor_id', true), '')::uuid)"
)
TABLE = """
CREATE TABLE call_views (
    client_id  text COLLATE "C" NOT NULL REFERENCES clients,
    user_id    uuid NOT NULL REFERENCES users,
    version    integer NOT NULL CHECK (version > 1),
    views      jsonb NOT NULL CHECK (jsonb_typeof(views) = 'array' AND jsonb_array_length(views) <= 50),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, user_id)
);
GRANT SELECT, INSERT, UPDATE ON call_views TO aidial_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLE)
    op.execute("ALTER TABLE call_views ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE call_views FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY mine ON call_views USING ({MINE}) WITH CHECK ({MINE})")
