"""Every version of a tenant's settings, as of a project's; kept by the table itself, whoever writes to it."""

from alembic import op

revision = "202611261621"
down_revision = "202611261620"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)
TABLE = """
CREATE TABLE client_settings_history (
    client_id  text COLLATE "C" NOT NULL REFERENCES clients,
    section    text COLLATE "C" NOT NULL,
    version    integer NOT NULL,
    value      jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text,
    PRIMARY KEY (client_id, section, version)
);
COMMENT ON TABLE client_settings_history IS
    'Every version, the current one too; version 1 is what counted before the first save';
COMMENT ON TABLE project_settings_history IS
    'Every version, the current one too; version 1 is what counted before the first save';
ALTER TABLE client_settings NO FORCE ROW LEVEL SECURITY;
INSERT INTO client_settings_history (client_id, section, version, value, changed_at, changed_by)
SELECT client_id, section, version, value, changed_at, changed_by FROM client_settings;
ALTER TABLE client_settings FORCE ROW LEVEL SECURITY;
"""
# Operators' commands and seeds write here too: what they did must not look like the next person's work.
KEPT = """
CREATE FUNCTION keep_client_settings() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.client_settings_history (client_id, section, version, value, changed_at, changed_by)
    VALUES (NEW.client_id, NEW.section, NEW.version, NEW.value, NEW.changed_at, NEW.changed_by)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION keep_client_settings() FROM PUBLIC;
CREATE TRIGGER kept AFTER INSERT OR UPDATE OF version ON client_settings FOR EACH ROW
    EXECUTE FUNCTION keep_client_settings();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    connection = op.get_bind()
    connection.exec_driver_sql(TABLE)
    op.execute("ALTER TABLE client_settings_history ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE client_settings_history FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY reached ON client_settings_history USING ({REACHED}) WITH CHECK ({REACHED})")
    op.execute("GRANT SELECT, INSERT ON client_settings_history TO aidial_app")
    connection.exec_driver_sql(KEPT)
