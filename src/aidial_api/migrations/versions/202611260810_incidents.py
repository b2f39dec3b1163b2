"""Incidents and their updates; and what AiDial's own people may see of every tenant."""

from alembic import op

revision = "202611260810"
down_revision = "202611260710"
branch_labels = None
depends_on = None

REACHED_IDS = "(select string_to_array(nullif(current_setting('app.client_ids', true), ''), ','))::text[]"
OPERATIONS = "(select current_setting('app.operations', true)) = 'on'"
SOMEBODY = (
    "(select coalesce(current_setting('app.client_ids', true), '')"
    " || coalesce(current_setting('app.actor_id', true), '')) <> ''"
)

TABLES = """
CREATE TABLE incidents (
    incident_id uuid PRIMARY KEY,
    severity    text NOT NULL CHECK (severity IN ('minor', 'major', 'critical')),
    state       text NOT NULL CHECK (state IN ('investigating', 'identified', 'monitoring', 'resolved')),
    title       text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
    client_ids  text[] NOT NULL,
    project_ids uuid[] NOT NULL CHECK (cardinality(project_ids) <= 50),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz,
    version     integer NOT NULL DEFAULT 1 CHECK (version > 0),
    CHECK ((state = 'resolved') = (resolved_at IS NOT NULL)),
    CHECK ((cardinality(client_ids) = 0) = (cardinality(project_ids) = 0))
);
-- Every page of everybody asks for these: there are few, however long the history grows.
CREATE INDEX incidents_active ON incidents (incident_id) WHERE state <> 'resolved';
CREATE INDEX incidents_resolved ON incidents (resolved_at DESC, incident_id DESC)
    WHERE resolved_at IS NOT NULL;
CREATE TABLE incident_updates (
    incident_id uuid NOT NULL REFERENCES incidents,
    update_id   uuid NOT NULL,
    state       text NOT NULL CHECK (state IN ('investigating', 'identified', 'monitoring', 'resolved')),
    message     text CHECK (length(message) BETWEEN 1 AND 2000),
    at          timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (incident_id, update_id)
);
COMMENT ON COLUMN incidents.project_ids IS 'Whom it concerns: those who reach one of them; none: everybody';
COMMENT ON COLUMN incidents.title IS 'Redacted, as every message is: customers read them';
-- A list of the sessions that count now, of everybody, newest first.
CREATE INDEX sessions_live ON sessions (session_id) WHERE state = 'active';
"""

POLICIES = f"""
CREATE POLICY concerned ON incidents FOR SELECT USING (
    CASE WHEN cardinality(project_ids) = 0 THEN {SOMEBODY} ELSE client_ids && {REACHED_IDS} END);
CREATE POLICY operations ON incidents USING ({OPERATIONS}) WITH CHECK ({OPERATIONS});
-- The inner table is read under its own policies: an incident this transaction can see.
CREATE POLICY of_incident ON incident_updates FOR SELECT USING (
    EXISTS (SELECT FROM incidents i WHERE i.incident_id = incident_updates.incident_id));
CREATE POLICY operations ON incident_updates USING ({OPERATIONS}) WITH CHECK ({OPERATIONS});
-- Which tenants, lines and people there are. People and their sessions are seen through memberships.
CREATE POLICY operations ON clients FOR SELECT USING ({OPERATIONS});
CREATE POLICY operations ON projects FOR SELECT USING ({OPERATIONS});
CREATE POLICY operations ON memberships FOR SELECT USING ({OPERATIONS});
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON incidents TO aidial_app;
GRANT SELECT, INSERT ON incident_updates TO aidial_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLES)
    for table in ("incidents", "incident_updates"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(POLICIES)
    op.execute(GRANTS)


def downgrade() -> None:
    for table in ("clients", "projects", "memberships"):
        op.execute(f"DROP POLICY operations ON {table}")
    op.execute("DROP INDEX sessions_live")
    op.execute("DROP TABLE incident_updates")
    op.execute("DROP TABLE incidents")
