"""Support tickets and their comments."""

from alembic import op

revision = "202611251020"
down_revision = "202611251010"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

TABLES = """
CREATE TABLE tickets (
    client_id       text COLLATE "C" NOT NULL,
    ticket_id       uuid NOT NULL,
    project_id      uuid NOT NULL,
    status          text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'waiting_on_customer',
                                                        'waiting_on_support', 'resolved', 'closed')),
    priority        text NOT NULL CHECK (priority IN ('low', 'normal', 'high')),
    category        text NOT NULL CHECK (category IN ('account', 'billing', 'technical',
                                                      'feature_request', 'general')),
    subject         text NOT NULL CHECK (length(subject) BETWEEN 1 AND 200),
    body            bytea NOT NULL,
    created_by      uuid NOT NULL,
    created_by_name text NOT NULL,
    created_by_side text NOT NULL CHECK (created_by_side IN ('customer', 'support')),
    owner           uuid,
    owner_name      text,
    recipients      text[] NOT NULL CHECK (cardinality(recipients) > 0),
    call_ids        uuid[] NOT NULL DEFAULT '{}' CHECK (cardinality(call_ids) <= 5),
    comment_count   integer NOT NULL DEFAULT 0 CHECK (comment_count >= 0),
    version         integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, ticket_id),
    FOREIGN KEY (client_id, project_id) REFERENCES projects,
    CHECK ((owner IS NULL) = (owner_name IS NULL))
);
-- A page is one range of this index a project; the filters but the search never leave it.
CREATE INDEX tickets_by_making ON tickets (client_id, project_id, created_at DESC, ticket_id DESC)
    INCLUDE (status, priority, category);
CREATE TABLE ticket_comments (
    client_id   text COLLATE "C" NOT NULL,
    ticket_id   uuid NOT NULL,
    comment_id  uuid NOT NULL,
    author      uuid NOT NULL,
    author_name text NOT NULL,
    author_side text NOT NULL CHECK (author_side IN ('customer', 'support')),
    body        bytea NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, ticket_id, comment_id),
    FOREIGN KEY (client_id, ticket_id) REFERENCES tickets ON DELETE CASCADE
);
-- As for calls: told of ten tenants the planner sees that the policy keeps what the query asks for.
ALTER TABLE tickets ALTER COLUMN client_id SET (n_distinct = 10);
COMMENT ON COLUMN tickets.subject IS 'Redacted, because it is searched; bodies are encrypted as typed';
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON tickets TO aidial_app;
GRANT SELECT, INSERT ON ticket_comments TO aidial_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(TABLES)
    for table in ("tickets", "ticket_comments"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY reached ON {table} USING ({REACHED}) WITH CHECK ({REACHED})")
    op.execute(GRANTS)
