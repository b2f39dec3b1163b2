"""Sessions, API keys, audit events."""

from alembic import op

revision = "202611220920"
down_revision = "202611220910"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)
OWN = "user_id = (select nullif(current_setting('app.actor_id', true), '')::uuid)"
OWN_PARTNER = "partner_org_id = (select nullif(current_setting('app.partner_org_id', true), ''))"

TABLES = """
CREATE TABLE sessions (
    session_id          uuid PRIMARY KEY,
    user_id             uuid NOT NULL REFERENCES users,
    issuer              text NOT NULL,
    subject             text NOT NULL,
    sid                 text,
    device_label        text CHECK (length(device_label) <= 200),
    ip                  inet,
    user_agent_hash     bytea,
    created_at          timestamptz NOT NULL DEFAULT now(),
    last_active_at      timestamptz NOT NULL DEFAULT now(),
    idle_expires_at     timestamptz NOT NULL,
    absolute_expires_at timestamptz NOT NULL,
    mfa_satisfied       boolean NOT NULL DEFAULT false,
    auth_time           timestamptz,
    state               text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'revoked', 'expired')),
    revoked_at          timestamptz,
    revoked_reason      text,
    token_generation    integer NOT NULL DEFAULT 0 CHECK (token_generation >= 0),
    -- Encrypted by the portal under a key the API does not know.
    token_set           bytea,
    lease_generation    integer,
    lease_until         timestamptz
);
CREATE INDEX sessions_of_user ON sessions (user_id, state, last_active_at);
CREATE TABLE api_keys (
    client_id      text COLLATE "C" NOT NULL REFERENCES clients,
    api_key_id     text COLLATE "C" NOT NULL CHECK (api_key_id ~ '^[0-9A-Za-z]{22}$'),
    secret_sha256  bytea NOT NULL CHECK (length(secret_sha256) = 32),
    last_four      text NOT NULL CHECK (length(last_four) = 4),
    scope          text NOT NULL CHECK (scope IN ('read', 'manage', 'admin')),
    environment    text NOT NULL CHECK (environment IN ('live', 'test')),
    description    text NOT NULL DEFAULT '' CHECK (length(description) <= 200),
    created_by     uuid,
    created_at     timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz,
    last_used_at   timestamptz,
    revoked_at     timestamptz,
    revoked_by     uuid,
    revoked_reason text,
    PRIMARY KEY (client_id, api_key_id)
);
-- Not unique: unique keys lead with the tenant. Ids are 131 random bits made by the server.
CREATE INDEX api_keys_by_id ON api_keys (api_key_id);
CREATE TABLE audit_events (
    event_id       uuid PRIMARY KEY,
    client_id      text COLLATE "C" REFERENCES clients,
    partner_org_id text COLLATE "C" REFERENCES partner_orgs,
    at             timestamptz NOT NULL DEFAULT now(),
    actor_kind     text NOT NULL CHECK (actor_kind IN ('user', 'key', 'system')),
    actor_id       text,
    actor_label    text,
    action         text NOT NULL CHECK (action ~ '^[a-z0-9_]+([.][a-z0-9_]+)+$'),
    target_kind    text,
    target_id      text,
    project_id     uuid,
    outcome        text NOT NULL DEFAULT 'done',
    why            text,
    request_id     text,
    ip             inet,
    technical      jsonb
);
CREATE INDEX audit_events_of_client ON audit_events (client_id, at DESC, event_id DESC);
CREATE INDEX audit_events_of_partner ON audit_events (partner_org_id, at DESC, event_id DESC);
"""

POLICIES = f"""
CREATE POLICY own ON sessions USING ({OWN}) WITH CHECK ({OWN});
CREATE POLICY through_membership ON sessions
    USING (EXISTS (SELECT FROM memberships m WHERE m.user_id = sessions.user_id))
    WITH CHECK (EXISTS (SELECT FROM memberships m WHERE m.user_id = sessions.user_id));
CREATE POLICY reached ON api_keys USING ({REACHED}) WITH CHECK ({REACHED});
CREATE POLICY reached ON audit_events FOR SELECT USING ({REACHED});
CREATE POLICY own_partner ON audit_events FOR SELECT USING (client_id IS NULL AND {OWN_PARTNER});
-- An event of no tenant (a refused sign-in) may be written by anybody and read by nobody here.
CREATE POLICY written ON audit_events FOR INSERT WITH CHECK (
    (client_id IS NULL OR {REACHED}) AND (partner_org_id IS NULL OR {OWN_PARTNER}));
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON sessions, api_keys TO aidial_app;
GRANT SELECT, INSERT ON audit_events TO aidial_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLES)
    for table in ("sessions", "api_keys", "audit_events"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(POLICIES)
    op.execute(GRANTS)
