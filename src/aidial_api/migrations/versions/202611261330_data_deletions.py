"""Requests to delete data, the steps of each, and receipts of what was deleted."""

from alembic import op

revision = "202611261330"
down_revision = "202611261320"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)
STATES = "('submitted', 'under_review', 'approved', 'executing', 'completed', 'rejected', 'cancelled')"

TABLES = f"""
CREATE TABLE data_deletions (
    client_id         text COLLATE "C" NOT NULL REFERENCES clients,
    request_id        uuid NOT NULL,
    state             text NOT NULL DEFAULT 'submitted' CHECK (state IN {STATES}),
    categories        text[] NOT NULL CHECK (cardinality(categories) > 0 AND categories <@
                      ARRAY['recordings', 'transcripts', 'analytics']),
    asked_since       text CHECK (length(asked_since) <= 40),
    asked_until       text CHECK (length(asked_until) <= 40),
    starts_at         timestamptz,
    ends_at           timestamptz,
    justification     text NOT NULL CHECK (length(justification) BETWEEN 1 AND 4000),
    requested_by      uuid NOT NULL,
    requested_by_name text NOT NULL,
    requested_at      timestamptz NOT NULL,
    version           integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (client_id, request_id),
    CHECK ((asked_since IS NULL) = (starts_at IS NULL) AND (asked_until IS NULL) = (ends_at IS NULL)
           AND (starts_at IS NULL) = (ends_at IS NULL)),
    CHECK (starts_at < ends_at)
);
COMMENT ON COLUMN data_deletions.starts_at IS 'Null: everything of the tenant';
COMMENT ON COLUMN data_deletions.justification IS 'Redacted';
CREATE INDEX data_deletions_by_request ON data_deletions (client_id, requested_at DESC, request_id DESC);
CREATE TABLE data_deletion_steps (
    client_id  text COLLATE "C" NOT NULL,
    request_id uuid NOT NULL,
    number     integer NOT NULL CHECK (number > 0),
    state      text NOT NULL CHECK (state IN {STATES}),
    at         timestamptz NOT NULL,
    by_name    text,
    note       text CHECK (length(note) <= 4000),
    PRIMARY KEY (client_id, request_id, number),
    FOREIGN KEY (client_id, request_id) REFERENCES data_deletions ON DELETE CASCADE
);
COMMENT ON COLUMN data_deletion_steps.note IS 'Redacted';
CREATE TABLE deletion_receipts (
    client_id      text COLLATE "C" NOT NULL,
    receipt_id     uuid NOT NULL,
    request_id     uuid NOT NULL,
    category       text NOT NULL CHECK (category IN ('recordings', 'transcripts', 'analytics')),
    policy_version integer NOT NULL,
    since          timestamptz NOT NULL,
    until          timestamptz NOT NULL,
    expected       bigint CHECK (expected >= 0),
    calls          bigint NOT NULL DEFAULT 0 CHECK (calls >= 0),
    held           bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
    manifest       bytea NOT NULL CHECK (length(manifest) = 32),
    started_at     timestamptz NOT NULL DEFAULT now(),
    completed_at   timestamptz,
    PRIMARY KEY (client_id, receipt_id),
    UNIQUE (client_id, request_id, category),
    FOREIGN KEY (client_id, request_id) REFERENCES data_deletions ON DELETE CASCADE
);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(TABLES)
    for table in ("data_deletions", "data_deletion_steps", "deletion_receipts"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY reached ON {table} USING ({REACHED}) WITH CHECK ({REACHED})")
    op.execute("GRANT SELECT, INSERT, UPDATE ON data_deletions, deletion_receipts TO aidial_app")
    op.execute("GRANT SELECT, INSERT ON data_deletion_steps TO aidial_app")
