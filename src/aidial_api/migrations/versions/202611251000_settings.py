"""What a tenant sets for itself, and the addresses its people and keys may come from."""

from alembic import op

revision = "202611251000"
down_revision = "202611221010"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

TABLE = f"""
CREATE TABLE client_settings (
    client_id  text COLLATE "C" NOT NULL REFERENCES clients,
    section    text COLLATE "C" NOT NULL CHECK (section ~ '^[a-z][a-z-]{{1,40}}$'),
    value      jsonb NOT NULL CHECK (jsonb_typeof(value) = 'object' AND pg_column_size(value) <= 65536),
    version    integer NOT NULL CHECK (version > 1),
    changed_at timestamptz NOT NULL DEFAULT now(),
    changed_by text CHECK (length(changed_by) <= 320),
    PRIMARY KEY (client_id, section)
);
COMMENT ON TABLE client_settings IS 'A section never saved has no row, and version 1';
ALTER TABLE client_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE client_settings FORCE ROW LEVEL SECURITY;
CREATE POLICY reached ON client_settings USING ({REACHED}) WITH CHECK ({REACHED});
CREATE POLICY for_lookup ON client_settings FOR SELECT TO aidial_lookup USING (true);
GRANT SELECT, INSERT, UPDATE ON client_settings TO aidial_app;
GRANT SELECT ON client_settings TO aidial_lookup;
"""

# The news drops every actor remembered: each holds the allowlists of the clients it reaches.
NEWS = """
CREATE TRIGGER told AFTER INSERT OR UPDATE ON client_settings FOR EACH ROW
    EXECUTE FUNCTION tell_credentials_changed('client', 'client_id');
"""

# A tenant's enabled allowlist as a list of networks; null while it is open to every address. With the rights
# of whoever asks: the look-ups see every tenant, a transaction those in its reach.
ALLOWLIST = """
CREATE FUNCTION enabled_allowlist(wanted text) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_path_query_array(s.value, '$.entries[*].cidr') FROM public.client_settings s
    WHERE s.client_id = wanted AND s.section = 'ip-allowlist' AND s.value -> 'enabled' = 'true'::jsonb
$$;
REVOKE ALL ON FUNCTION enabled_allowlist(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION enabled_allowlist(text) TO aidial_app, aidial_lookup;
"""

# As before, and the allowlist of each client that is reached, and the name a tenant gave itself.
KEY = """
CREATE FUNCTION lookup_api_key(wanted text) RETURNS TABLE (
    client_id text, api_key_id text, secret_sha256 bytea, last_four text, scope text, environment text,
    created_at timestamptz, expires_at timestamptz, last_used_at timestamptz, revoked_at timestamptz,
    lifecycle text, timezone text, projects jsonb, allowlist jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT k.client_id, k.api_key_id, k.secret_sha256, k.last_four, k.scope, k.environment,
           k.created_at, k.expires_at, k.last_used_at, k.revoked_at, c.lifecycle, c.timezone,
           coalesce((SELECT jsonb_agg(jsonb_build_object('project_id', p.project_id, 'timezone', p.timezone,
                                                         'is_active', p.is_active)
                                      ORDER BY p.project_id)
                     FROM public.projects p WHERE p.client_id = k.client_id), '[]'::jsonb),
           public.enabled_allowlist(k.client_id)
    FROM public.api_keys k JOIN public.clients c ON c.client_id = k.client_id
    WHERE k.api_key_id = wanted
    ORDER BY k.created_at LIMIT 1;
END $$;
"""

USER = """
CREATE FUNCTION lookup_user(wanted_issuer text, wanted_subject text, verified_email text) RETURNS TABLE (
    user_id uuid, subject text, email text, first_name text, last_name text, timezone text, language text,
    mfa_required boolean, memberships jsonb, reach jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person record;
BEGIN
    SELECT * INTO person FROM public.users u WHERE u.issuer = wanted_issuer AND u.subject = wanted_subject;
    IF NOT FOUND THEN
        SELECT * INTO person FROM public.users u
        WHERE u.issuer = wanted_issuer AND u.email = lower(verified_email) AND u.subject IS NULL;
    END IF;
    IF person.user_id IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH mine AS (
        SELECT m.role, m.status, m.client_id, m.partner_org_id,
               coalesce(c.lifecycle, o.state, 'active') AS org_state,
               coalesce((SELECT s.value ->> 'display_name' FROM public.client_settings s
                         WHERE s.client_id = m.client_id AND s.section = 'tenant-settings'),
                        c.name, o.name) AS org_name,
               public.enabled_allowlist(m.client_id) AS org_allowlist,
               coalesce(c.mfa_required, o.mfa_required, true) AS org_mfa_required
        FROM public.memberships m
        LEFT JOIN public.clients c ON c.client_id = m.client_id
        LEFT JOIN public.partner_orgs o ON o.partner_org_id = m.partner_org_id
        WHERE m.user_id = person.user_id AND m.status <> 'removed'
    ), reached AS (
        SELECT c.client_id, c.name, c.lifecycle, c.environment, c.timezone,
               array_agg(a.project_id) FILTER (WHERE a.project_id IS NOT NULL) AS chosen,
               bool_or(a.project_id IS NULL) AS every_project,
               public.enabled_allowlist(c.client_id) AS allowlist
        FROM public.assignments a JOIN public.clients c ON c.client_id = a.client_id
        WHERE a.user_id = person.user_id AND c.lifecycle <> 'archived' AND EXISTS (
            SELECT FROM mine WHERE mine.status = 'active' AND (
                mine.client_id = c.client_id
                OR (mine.partner_org_id = c.partner_org_id AND mine.org_state = 'active')))
        GROUP BY c.client_id
    )
    SELECT person.user_id, person.subject, person.email, person.first_name, person.last_name,
           person.timezone, person.language,
           person.mfa_required OR coalesce((SELECT bool_or(mine.org_mfa_required) FROM mine
                                            WHERE mine.status = 'active'), false),
           coalesce((SELECT jsonb_agg(to_jsonb(mine) ORDER BY mine.role, mine.client_id, mine.partner_org_id)
                     FROM mine), '[]'::jsonb),
           coalesce((SELECT jsonb_agg(
                to_jsonb(r) - 'chosen' - 'every_project' || jsonb_build_object('projects', (
                    SELECT coalesce(jsonb_agg(
                        jsonb_build_object('project_id', p.project_id, 'timezone', p.timezone,
                                           'is_active', p.is_active)
                        ORDER BY p.project_id), '[]'::jsonb)
                    FROM public.projects p
                    WHERE p.client_id = r.client_id
                        AND (r.every_project OR p.project_id = any(r.chosen)))) ORDER BY r.client_id)
                     FROM reached r), '[]'::jsonb);
END $$;
"""

LOOKUPS = ("lookup_api_key(text)", "lookup_user(text, text, text)")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLE)
    connection = op.get_bind()
    for function in LOOKUPS:
        op.execute(f"DROP FUNCTION {function}")
    for text in (NEWS, ALLOWLIST, KEY, USER):
        connection.exec_driver_sql(text)
    # A new owner must be able to create in the schema, at the moment of the change only.
    op.execute("GRANT CREATE ON SCHEMA public TO aidial_lookup")
    for function in LOOKUPS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO aidial_app")
        op.execute(f"ALTER FUNCTION {function} OWNER TO aidial_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM aidial_lookup")
