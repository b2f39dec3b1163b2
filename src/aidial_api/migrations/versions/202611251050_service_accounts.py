"""Programs that come with a bearer of their own."""

from alembic import op

revision = "202611251050"
down_revision = "202611251040"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

# The application has no right to it: it knows an account through the look-up alone.
TABLE = f"""
CREATE TABLE service_accounts (
    client_id          text COLLATE "C" NOT NULL REFERENCES clients,
    service_account_id uuid NOT NULL,
    issuer             text NOT NULL,
    subject            text NOT NULL CHECK (length(subject) BETWEEN 1 AND 255),
    name               text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    scope              text NOT NULL CHECK (scope IN ('read', 'manage', 'admin')),
    created_at         timestamptz NOT NULL DEFAULT now(),
    revoked_at         timestamptz,
    revoked_reason     text,
    PRIMARY KEY (client_id, service_account_id)
);
CREATE UNIQUE INDEX service_accounts_in_use ON service_accounts (client_id, issuer, subject)
    WHERE revoked_at IS NULL;
-- Not unique: unique keys lead with the tenant.
CREATE INDEX service_accounts_by_subject ON service_accounts (issuer, subject);
ALTER TABLE service_accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY reached ON service_accounts USING ({REACHED}) WITH CHECK ({REACHED});
GRANT SELECT ON service_accounts TO aidial_lookup;
CREATE POLICY for_lookup ON service_accounts FOR SELECT TO aidial_lookup USING (true);
CREATE TRIGGER told AFTER INSERT OR UPDATE ON service_accounts FOR EACH ROW
    EXECUTE FUNCTION tell_credentials_changed('service', 'service_account_id');
ALTER TABLE audit_events DROP CONSTRAINT audit_events_actor_kind_check;
ALTER TABLE audit_events ADD CONSTRAINT audit_events_actor_kind_check
    CHECK (actor_kind IN ('user', 'key', 'service', 'system'));
"""

# A subject in use by two tenants is nobody's: which one was meant cannot be known.
LOOK_UP = """
CREATE FUNCTION lookup_service_account(wanted_issuer text, wanted_subject text) RETURNS TABLE (
    client_id text, service_account_id uuid, name text, scope text, revoked_at timestamptz,
    lifecycle text, projects jsonb, allowlist jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (SELECT count(*) FROM public.service_accounts s WHERE s.issuer = wanted_issuer
        AND s.subject = wanted_subject AND s.revoked_at IS NULL) > 1 THEN
        RETURN;
    END IF;
    RETURN QUERY
    SELECT s.client_id, s.service_account_id, s.name, s.scope, s.revoked_at, c.lifecycle,
           coalesce((SELECT jsonb_agg(jsonb_build_object('project_id', p.project_id, 'timezone', p.timezone,
                                                         'is_active', p.is_active)
                                      ORDER BY p.project_id)
                     FROM public.projects p WHERE p.client_id = s.client_id), '[]'::jsonb),
           public.enabled_allowlist(s.client_id)
    FROM public.service_accounts s JOIN public.clients c ON c.client_id = s.client_id
    WHERE s.issuer = wanted_issuer AND s.subject = wanted_subject
    ORDER BY s.revoked_at DESC NULLS FIRST LIMIT 1;
END $$;
"""
FUNCTION = "lookup_service_account(text, text)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLE)
    op.get_bind().exec_driver_sql(LOOK_UP)
    op.execute("GRANT CREATE ON SCHEMA public TO aidial_lookup")
    op.execute(f"REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {FUNCTION} TO aidial_app")
    op.execute(f"ALTER FUNCTION {FUNCTION} OWNER TO aidial_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM aidial_lookup")
