"""Calls, their transcripts and the blind index of their callers."""

from alembic import op

revision = "202611220910"
down_revision = "202611220900"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

CALLS = """
CREATE TABLE calls (
    client_id            text COLLATE "C" NOT NULL,
    call_id              uuid NOT NULL,
    project_id           uuid NOT NULL,
    external_id          text COLLATE "C" NOT NULL,
    fingerprint          bytea NOT NULL,
    channel              text NOT NULL CHECK (channel IN ('voice', 'sms', 'unknown')),
    direction            text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    status               text NOT NULL CHECK (status IN ('live', 'completed', 'missed', 'failed', 'unknown')),
    started_at           timestamptz NOT NULL,
    answered_at          timestamptz,
    ended_at             timestamptz,
    duration_seconds     integer CHECK (duration_seconds >= 0),
    end_reason           text CHECK (end_reason IN ('caller_hangup', 'agent_hangup', 'transfer',
                                                    'max_duration', 'missed', 'failed', 'unknown')),
    from_number          bytea,
    to_number            bytea,
    agent_id             text,
    agent_name           text,
    agent_config_version integer,
    outcome              text NOT NULL DEFAULT 'unclassified' CHECK (length(outcome) <= 80),
    resolution           text CHECK (length(resolution) <= 80),
    call_type            text CHECK (length(call_type) <= 80),
    sentiment_caller     text NOT NULL DEFAULT 'unknown'
                         CHECK (sentiment_caller IN ('positive', 'neutral', 'upset', 'unknown')),
    sentiment_agent      text NOT NULL DEFAULT 'unknown'
                         CHECK (sentiment_agent IN ('positive', 'neutral', 'upset', 'unknown')),
    attention_flag       boolean NOT NULL DEFAULT false,
    attention_reason     text,
    summary              text,
    booking              jsonb,
    transfer             jsonb,
    follow_up            jsonb,
    consent              jsonb NOT NULL DEFAULT '{"state": "unavailable"}',
    cost                 jsonb,
    metadata             jsonb,
    recording            jsonb,
    source               jsonb,
    entities             bytea,
    sms_status           text,
    email_status         text,
    message_count        integer NOT NULL DEFAULT 0 CHECK (message_count >= 0),
    transcript_state     text NOT NULL DEFAULT 'missing'
                         CHECK (transcript_state IN ('available', 'live', 'missing', 'hidden', 'truncated',
                                                     'incomplete', 'retention_expired', 'redaction_failed')),
    version              integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, call_id),
    FOREIGN KEY (client_id, project_id) REFERENCES projects,
    UNIQUE (client_id, project_id, external_id),
    CHECK ((status = 'live') = (ended_at IS NULL) OR status = 'unknown')
)
-- Index-only reads of a busy project need fresh visibility maps.
WITH (autovacuum_vacuum_insert_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);
-- The list page is one range of this index a project; the capped count, the status and sentiment
-- filters and the analytics never leave it.
CREATE INDEX calls_by_start ON calls (client_id, project_id, started_at DESC, call_id DESC)
    INCLUDE (status, duration_seconds, sentiment_caller, outcome);
CREATE INDEX calls_by_duration ON calls
    (client_id, project_id, coalesce(duration_seconds, 0) DESC, call_id DESC);
CREATE INDEX calls_live ON calls (client_id, project_id, started_at) WHERE status = 'live';
CREATE TABLE transcripts (
    client_id        text COLLATE "C" NOT NULL,
    call_id          uuid NOT NULL,
    turns            jsonb NOT NULL DEFAULT '[]',
    raw              bytea,
    redaction_counts jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (client_id, call_id),
    FOREIGN KEY (client_id, call_id) REFERENCES calls ON DELETE CASCADE
);
CREATE TABLE caller_tokens (
    client_id  text COLLATE "C" NOT NULL,
    token      bytea NOT NULL CHECK (length(token) = 16),
    started_at timestamptz NOT NULL,
    call_id    uuid NOT NULL,
    project_id uuid NOT NULL,
    -- Read backwards: newest call of one token first.
    PRIMARY KEY (client_id, token, started_at, call_id) INCLUDE (project_id),
    FOREIGN KEY (client_id, call_id) REFERENCES calls ON DELETE CASCADE
);
CREATE INDEX caller_tokens_of_call ON caller_tokens (client_id, call_id);
-- For an array it does not know the planner assumes ten elements. Told of ten tenants it sees that
-- the policy keeps every row the query asks for; otherwise it expects a handful of rows, and sorts
-- a whole project rather than read it in order. Frequent tenants are still known by their share.
ALTER TABLE calls ALTER COLUMN client_id SET (n_distinct = 10);
ALTER TABLE caller_tokens ALTER COLUMN client_id SET (n_distinct = 10);
-- A project belongs to one client: the two are not to be multiplied as if by chance.
CREATE STATISTICS calls_of_project (dependencies, ndistinct) ON client_id, project_id FROM calls;
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON calls, transcripts TO aidial_app;
GRANT SELECT, INSERT, DELETE ON caller_tokens TO aidial_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # The text holds JSON braces and colons: sent as it stands, not as a template with parameters.
    op.get_bind().exec_driver_sql(CALLS)
    for table in ("calls", "transcripts", "caller_tokens"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY reached ON {table} USING ({REACHED}) WITH CHECK ({REACHED})")
    op.execute(GRANTS)
