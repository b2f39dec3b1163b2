"""First answers to creating requests, kept for a day under the caller's `Idempotency-Key`."""

from alembic import op

revision = "202611221010"
down_revision = "202611221000"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)
OWN = "client_id = '' AND actor_id = (select nullif(current_setting('app.actor_id', true), ''))"
# Only a transaction that reaches nobody sweeps: a request's cannot touch another tenant's rows.
SWEPT = (
    "expires_at <= now() AND (select coalesce(current_setting('app.client_ids', true), '')"
    " || coalesce(current_setting('app.actor_id', true), '')) = ''"
)

TABLE = """
CREATE TABLE idempotency_records (
    client_id  text COLLATE "C" NOT NULL,
    actor_id   text COLLATE "C" NOT NULL CHECK (actor_id <> ''),
    name       bytea NOT NULL CHECK (length(name) = 32),
    request    bytea NOT NULL CHECK (length(request) = 32),
    answer     bytea NOT NULL CHECK (length(answer) BETWEEN 29 AND 262144),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    PRIMARY KEY (client_id, actor_id, name)
);
CREATE INDEX idempotency_records_by_end ON idempotency_records (expires_at);
COMMENT ON COLUMN idempotency_records.client_id IS 'A key''s tenant; empty for a person, who is of one';
"""

POLICIES = f"""
CREATE POLICY reached ON idempotency_records USING ({REACHED}) WITH CHECK ({REACHED});
CREATE POLICY own ON idempotency_records USING ({OWN}) WITH CHECK ({OWN});
CREATE POLICY seen_by_sweeper ON idempotency_records FOR SELECT USING ({SWEPT});
CREATE POLICY swept ON idempotency_records FOR DELETE USING ({SWEPT});
"""

GRANTS = "GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_records TO aidial_app;"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLE)
    op.execute("ALTER TABLE idempotency_records ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE idempotency_records FORCE ROW LEVEL SECURITY")
    op.execute(POLICIES)
    op.execute(GRANTS)
