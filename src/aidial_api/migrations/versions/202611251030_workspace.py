"""Drafts and published versions of a project's sections."""

from alembic import op

revision = "202611251030"
down_revision = "202611251020"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

TABLES = """
CREATE TABLE project_drafts (
    client_id         text COLLATE "C" NOT NULL,
    project_id        uuid NOT NULL,
    section           text COLLATE "C" NOT NULL CHECK (section ~ '^[a-z][a-z-]{1,40}$'),
    version           integer NOT NULL CHECK (version > 1),
    -- The version of this draft that was published last; 0 before the first publication.
    published_version integer NOT NULL DEFAULT 0,
    value             jsonb NOT NULL,
    changed_by        text,
    changed_at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, project_id, section),
    FOREIGN KEY (client_id, project_id) REFERENCES projects
);
CREATE TABLE project_versions (
    client_id    text COLLATE "C" NOT NULL,
    project_id   uuid NOT NULL,
    number       integer NOT NULL CHECK (number > 0),
    content      jsonb NOT NULL,
    note         text CHECK (length(note) <= 2000),
    published_by text,
    published_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, project_id, number),
    FOREIGN KEY (client_id, project_id) REFERENCES projects
);
COMMENT ON COLUMN project_drafts.version IS 'Version 1 is a draft nobody saved: it has no row';
"""

POLICIES = f"""
CREATE POLICY reached ON project_drafts USING ({REACHED}) WITH CHECK ({REACHED});
CREATE POLICY reached ON project_versions USING ({REACHED}) WITH CHECK ({REACHED});
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON project_drafts TO aidial_app;
GRANT SELECT, INSERT ON project_versions TO aidial_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLES)
    for table in ("project_drafts", "project_versions"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(POLICIES)
    op.execute(GRANTS)
