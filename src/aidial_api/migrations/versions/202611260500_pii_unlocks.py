"""Unlocks of personal details: who asked, who approved, who looked and when."""

from alembic import op

revision = "202611260500"
down_revision = "202611260300"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

TABLE = """
-- No key leads to the call: who saw what is known for longer than what they saw is kept.
CREATE TABLE pii_unlocks (
    client_id         text COLLATE "C" NOT NULL,
    unlock_id         uuid NOT NULL,
    call_id           uuid NOT NULL,
    project_id        uuid NOT NULL,
    artefact          text NOT NULL CHECK (artefact IN ('transcript', 'caller_number', 'entities', 'all')),
    reason_code       text NOT NULL CHECK (reason_code IN ('quality_assurance', 'customer_complaint',
                                               'legal_request', 'compliance_audit', 'other')),
    words             bytea NOT NULL,
    state             text NOT NULL CHECK (state IN ('pending', 'active', 'declined', 'relocked')),
    requested_by      uuid NOT NULL,
    requested_by_name text NOT NULL,
    requested_at      timestamptz NOT NULL,
    approved_by       uuid CHECK (approved_by <> requested_by),
    approved_by_name  text,
    approved_at       timestamptz,
    ended_by_name     text,
    ended_at          timestamptz,
    expires_at        timestamptz NOT NULL,
    reveals           integer NOT NULL DEFAULT 0 CHECK (reveals >= 0),
    first_revealed_at timestamptz,
    last_revealed_at  timestamptz,
    version           integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (client_id, unlock_id),
    FOREIGN KEY (client_id, project_id) REFERENCES projects,
    CHECK ((reveals = 0) = (first_revealed_at IS NULL))
);
CREATE INDEX pii_unlocks_of_call ON pii_unlocks (client_id, call_id, requested_at DESC, unlock_id DESC);
COMMENT ON COLUMN pii_unlocks.words IS 'Justification and other reason, encrypted: people type details there';
COMMENT ON COLUMN pii_unlocks.state IS 'What was decided; one whose expires_at has passed has expired';
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(TABLE)
    op.execute("ALTER TABLE pii_unlocks ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE pii_unlocks FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY reached ON pii_unlocks USING ({REACHED}) WITH CHECK ({REACHED})")
    op.execute("GRANT SELECT, INSERT, UPDATE ON pii_unlocks TO aidial_app")
