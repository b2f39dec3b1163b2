"""Recordings of calls: what is in the store, and who may fetch it for how long."""

from alembic import op

revision = "202611260550"
down_revision = "202611260540"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

# No foreign key to calls: a file outlives its call's row until a job has deleted it.
TABLES = """
CREATE TABLE recordings (
    client_id    text COLLATE "C" NOT NULL,
    recording_id uuid NOT NULL,
    call_id      uuid NOT NULL,
    project_id   uuid NOT NULL,
    side         text NOT NULL CHECK (side IN ('mixed', 'caller', 'agent')),
    state        text NOT NULL DEFAULT 'arriving'
                 CHECK (state IN ('arriving', 'stored', 'deleting', 'deleted')),
    media_type   text CHECK (media_type IN ('audio/wav', 'audio/mpeg', 'audio/ogg')),
    size_bytes   bigint NOT NULL DEFAULT 0 CHECK (size_bytes >= 0),
    fingerprint  bytea CHECK (length(fingerprint) = 32),
    duration_ms  integer CHECK (duration_ms >= 0),
    channels     integer CHECK (channels > 0),
    peaks        bytea CHECK (length(peaks) <= 1000),
    measure      text NOT NULL DEFAULT 'waiting' CHECK (measure IN ('waiting', 'done', 'unreadable')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    stored_at    timestamptz,
    deleted_at   timestamptz,
    PRIMARY KEY (client_id, recording_id),
    FOREIGN KEY (client_id, project_id) REFERENCES projects,
    CHECK (state <> 'stored' OR (media_type IS NOT NULL AND fingerprint IS NOT NULL
                                 AND stored_at IS NOT NULL)),
    CHECK ((state = 'deleted') = (deleted_at IS NOT NULL))
);
COMMENT ON COLUMN recordings.peaks IS 'Loudness over time, one byte a stretch, 0 to 255';
CREATE UNIQUE INDEX recordings_of_call ON recordings (client_id, call_id, side) WHERE state = 'stored';
CREATE TABLE recording_grants (
    client_id    text COLLATE "C" NOT NULL,
    grant_id     uuid NOT NULL,
    call_id      uuid NOT NULL,
    project_id   uuid NOT NULL,
    recording_id uuid NOT NULL,
    session_id   uuid NOT NULL,
    purpose      text NOT NULL CHECK (purpose IN ('playback', 'download')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    begun_at     timestamptz,
    ends_at      timestamptz NOT NULL,
    PRIMARY KEY (client_id, grant_id),
    FOREIGN KEY (client_id, recording_id) REFERENCES recordings
);
COMMENT ON COLUMN recording_grants.ends_at IS 'Moves on when the address is first used';
CREATE INDEX recording_grants_by_end ON recording_grants (client_id, ends_at);
CREATE INDEX recording_grants_of_recording ON recording_grants (client_id, recording_id);
ALTER TABLE recordings ALTER COLUMN client_id SET (n_distinct = 10);
ALTER TABLE recording_grants ALTER COLUMN client_id SET (n_distinct = 10);
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON recordings TO aidial_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON recording_grants TO aidial_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(TABLES)
    for table in ("recordings", "recording_grants"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY reached ON {table} USING ({REACHED}) WITH CHECK ({REACHED})")
    op.execute(GRANTS)
