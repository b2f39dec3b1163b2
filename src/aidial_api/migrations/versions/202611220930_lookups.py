"""The three look-ups before the tenant is known, and the news that drops cached credentials."""

from alembic import op

revision = "202611220930"
down_revision = "202611220920"
branch_labels = None
depends_on = None

KEY = """
CREATE FUNCTION lookup_api_key(wanted text) RETURNS TABLE (
    client_id text, api_key_id text, secret_sha256 bytea, last_four text, scope text, environment text,
    created_at timestamptz, expires_at timestamptz, last_used_at timestamptz, revoked_at timestamptz,
    lifecycle text, timezone text, projects jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT k.client_id, k.api_key_id, k.secret_sha256, k.last_four, k.scope, k.environment,
           k.created_at, k.expires_at, k.last_used_at, k.revoked_at, c.lifecycle, c.timezone,
           coalesce((SELECT jsonb_agg(jsonb_build_object('project_id', p.project_id, 'timezone', p.timezone,
                                                         'is_active', p.is_active)
                                      ORDER BY p.project_id)
                     FROM public.projects p WHERE p.client_id = k.client_id), '[]'::jsonb)
    FROM public.api_keys k JOIN public.clients c ON c.client_id = k.client_id
    WHERE k.api_key_id = wanted
    ORDER BY k.created_at LIMIT 1;
END $$;
"""

SESSION = """
CREATE FUNCTION lookup_session(wanted uuid) RETURNS TABLE (
    session_id uuid, user_id uuid, issuer text, subject text, sid text, state text, mfa_satisfied boolean,
    auth_time timestamptz, created_at timestamptz, last_active_at timestamptz, idle_expires_at timestamptz,
    absolute_expires_at timestamptz, revoked_at timestamptz, revoked_reason text, token_generation integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT s.session_id, s.user_id, s.issuer, s.subject, s.sid, s.state, s.mfa_satisfied,
           s.auth_time, s.created_at, s.last_active_at, s.idle_expires_at,
           s.absolute_expires_at, s.revoked_at, s.revoked_reason, s.token_generation
    FROM public.sessions s WHERE s.session_id = wanted;
END $$;
"""

# `verified_email` finds only a person no subject is bound to yet: an invited one. The caller then
# binds the subject itself, under row-level security as that person.
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
               coalesce(c.name, o.name) AS org_name,
               coalesce(c.mfa_required, o.mfa_required, true) AS org_mfa_required
        FROM public.memberships m
        LEFT JOIN public.clients c ON c.client_id = m.client_id
        LEFT JOIN public.partner_orgs o ON o.partner_org_id = m.partner_org_id
        WHERE m.user_id = person.user_id AND m.status <> 'removed'
    ), reached AS (
        SELECT c.client_id, c.name, c.lifecycle, c.environment, c.timezone,
               array_agg(a.project_id) FILTER (WHERE a.project_id IS NOT NULL) AS chosen,
               bool_or(a.project_id IS NULL) AS every_project
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

NEWS = """
CREATE FUNCTION tell_credentials_changed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_notify('aidial_credentials', TG_ARGV[0] || chr(58) || (
        CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END ->> TG_ARGV[1]));
    RETURN NULL;
END $$;
CREATE TRIGGER told AFTER UPDATE ON api_keys FOR EACH ROW
    WHEN ((OLD.revoked_at, OLD.expires_at, OLD.scope, OLD.secret_sha256)
          IS DISTINCT FROM (NEW.revoked_at, NEW.expires_at, NEW.scope, NEW.secret_sha256))
    EXECUTE FUNCTION tell_credentials_changed('api_key', 'api_key_id');
-- Not on a touch: NOTIFY takes one lock for the whole server at commit.
CREATE TRIGGER told AFTER UPDATE ON sessions FOR EACH ROW
    WHEN ((OLD.state, OLD.mfa_satisfied, OLD.absolute_expires_at, OLD.token_generation)
          IS DISTINCT FROM (NEW.state, NEW.mfa_satisfied, NEW.absolute_expires_at, NEW.token_generation))
    EXECUTE FUNCTION tell_credentials_changed('session', 'session_id');
CREATE TRIGGER told AFTER UPDATE ON users FOR EACH ROW
    EXECUTE FUNCTION tell_credentials_changed('user', 'user_id');
CREATE TRIGGER told AFTER INSERT OR UPDATE ON memberships FOR EACH ROW
    EXECUTE FUNCTION tell_credentials_changed('user', 'user_id');
CREATE TRIGGER told AFTER INSERT OR DELETE ON assignments FOR EACH ROW
    EXECUTE FUNCTION tell_credentials_changed('user', 'user_id');
CREATE TRIGGER told AFTER UPDATE ON clients FOR EACH ROW
    EXECUTE FUNCTION tell_credentials_changed('client', 'client_id');
CREATE TRIGGER told AFTER INSERT OR UPDATE ON projects FOR EACH ROW
    EXECUTE FUNCTION tell_credentials_changed('client', 'client_id');
CREATE TRIGGER told AFTER UPDATE ON partner_orgs FOR EACH ROW
    EXECUTE FUNCTION tell_credentials_changed('partner', 'partner_org_id');
"""

SEEN_BY_LOOKUP = (
    "api_keys",
    "clients",
    "partner_orgs",
    "projects",
    "sessions",
    "users",
    "memberships",
    "assignments",
)
LOOKUPS = ("lookup_api_key(text)", "lookup_session(uuid)", "lookup_user(text, text, text)")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in SEEN_BY_LOOKUP:
        op.execute(f"GRANT SELECT ON {table} TO aidial_lookup")
        op.execute(f"CREATE POLICY for_lookup ON {table} FOR SELECT TO aidial_lookup USING (true)")
    connection = op.get_bind()
    for text in (KEY, SESSION, USER, NEWS):
        connection.exec_driver_sql(text)
    # A new owner must be able to create in the schema, at the moment of the change only.
    op.execute("GRANT CREATE ON SCHEMA public TO aidial_lookup")
    for function in LOOKUPS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO aidial_app")
        op.execute(f"ALTER FUNCTION {function} OWNER TO aidial_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM aidial_lookup")
    op.execute("REVOKE ALL ON FUNCTION tell_credentials_changed() FROM PUBLIC")
