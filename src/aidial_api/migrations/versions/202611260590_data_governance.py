"""Data governance: legal holds, and receipts of what retention deleted."""

from alembic import op

revision = "202611260590"
down_revision = "202611260550"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

TABLES = """
-- No key leads to the call: a hold is there before, and a record of it after, what it is about.
CREATE TABLE legal_holds (
    client_id   text COLLATE "C" NOT NULL REFERENCES clients,
    hold_id     uuid NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('tenant', 'period', 'call')),
    call_id     uuid,
    starts_at   timestamptz,
    ends_at     timestamptz,
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 400),
    placed_by   text,
    placed_at   timestamptz NOT NULL DEFAULT now(),
    released_by text,
    released_at timestamptz,
    PRIMARY KEY (client_id, hold_id),
    CHECK ((kind = 'call') = (call_id IS NOT NULL)),
    CHECK ((kind = 'period') = (starts_at IS NOT NULL AND ends_at IS NOT NULL)),
    CHECK (starts_at < ends_at)
);
CREATE INDEX legal_holds_in_force ON legal_holds (client_id) WHERE released_at IS NULL;
COMMENT ON COLUMN legal_holds.reason IS 'Redacted';
CREATE TABLE retention_receipts (
    client_id      text COLLATE "C" NOT NULL REFERENCES clients,
    receipt_id     uuid NOT NULL,
    run_id         uuid NOT NULL,
    category       text NOT NULL CHECK (category IN ('recordings', 'transcripts', 'analytics')),
    policy_version integer NOT NULL,
    days           integer NOT NULL,
    before         timestamptz NOT NULL,
    calls          bigint NOT NULL DEFAULT 0 CHECK (calls >= 0),
    held           bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    manifest       bytea NOT NULL CHECK (length(manifest) = 32),
    started_at     timestamptz NOT NULL DEFAULT now(),
    completed_at   timestamptz,
    PRIMARY KEY (client_id, receipt_id),
    UNIQUE (client_id, run_id, category)
);
-- What retention still has to look at, oldest first; what it deleted leaves the index.
CREATE INDEX calls_with_transcripts ON calls (client_id, started_at, call_id)
    WHERE transcript_state IN ('available', 'hidden', 'truncated', 'incomplete');
"""

GRANTS = "GRANT SELECT, INSERT, UPDATE ON legal_holds, retention_receipts TO aidial_app"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(TABLES)
    for table in ("legal_holds", "retention_receipts"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY reached ON {table} USING ({REACHED}) WITH CHECK ({REACHED})")
    op.execute(GRANTS)
