"""What is set for each project, and every version of it that there was."""

from alembic import op

revision = "202611260910"
down_revision = "202611260890"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

TABLES = """
CREATE TABLE project_settings (
    client_id  text COLLATE "C" NOT NULL,
    project_id uuid NOT NULL,
    section    text COLLATE "C" NOT NULL CHECK (section ~ '^[a-z][a-z-]{1,40}$'),
    value      jsonb NOT NULL CHECK (jsonb_typeof(value) = 'object' AND pg_column_size(value) <= 65536),
    version    integer NOT NULL CHECK (version > 1),
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text CHECK (length(changed_by) <= 320),
    PRIMARY KEY (client_id, project_id, section),
    FOREIGN KEY (client_id, project_id) REFERENCES projects
);
COMMENT ON TABLE project_settings IS 'A section never saved has no row, and version 1';
CREATE TABLE project_settings_history (
    client_id  text COLLATE "C" NOT NULL,
    project_id uuid NOT NULL,
    section    text COLLATE "C" NOT NULL,
    version    integer NOT NULL,
    value      jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text,
    PRIMARY KEY (client_id, project_id, section, version),
    FOREIGN KEY (client_id, project_id) REFERENCES projects
);
COMMENT ON TABLE project_settings_history IS 'Every version that was saved, the current one too';
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLES)
    for table in ("project_settings", "project_settings_history"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY reached ON {table} USING ({REACHED}) WITH CHECK ({REACHED})")
    op.execute("GRANT SELECT, INSERT, UPDATE ON project_settings TO aidial_app")
    op.execute("GRANT SELECT, INSERT ON project_settings_history TO aidial_app")
