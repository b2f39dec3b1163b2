"""Tenants, projects, people and what they may reach."""

from alembic import op

revision = "202611220900"
down_revision = None
branch_labels = None
depends_on = None

# The tenants of the transaction's setting, read once a statement (a sub-select becomes an InitPlan).
REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)
OWN = "user_id = (select nullif(current_setting('app.actor_id', true), '')::uuid)"
OWN_PARTNER = "partner_org_id = (select nullif(current_setting('app.partner_org_id', true), ''))"
SLUG = "~ '^[a-z0-9][a-z0-9-]{1,62}$'"

TENANTS = f"""
CREATE TABLE partner_orgs (
    partner_org_id text COLLATE "C" PRIMARY KEY CHECK (partner_org_id {SLUG}),
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    mfa_required   boolean NOT NULL DEFAULT false,
    state          text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended')),
    version        integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at     timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE clients (
    client_id      text COLLATE "C" PRIMARY KEY CHECK (client_id {SLUG}),
    partner_org_id text COLLATE "C" REFERENCES partner_orgs,
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    web_domain     text CHECK (length(web_domain) <= 253),
    contact_name   text CHECK (length(contact_name) <= 200),
    contact_email  text CHECK (length(contact_email) <= 320),
    timezone       text NOT NULL DEFAULT 'Australia/Sydney',
    environment    text NOT NULL DEFAULT 'live' CHECK (environment IN ('live', 'test')),
    lifecycle      text NOT NULL DEFAULT 'provisioning'
                   CHECK (lifecycle IN ('provisioning', 'active', 'suspended', 'archived')),
    mfa_required   boolean NOT NULL DEFAULT false,
    version        integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX clients_of_partner ON clients (partner_org_id, client_id);
CREATE TABLE client_keys (
    client_id     text COLLATE "C" PRIMARY KEY REFERENCES clients,
    wrapped_key   bytea NOT NULL CHECK (length(wrapped_key) BETWEEN 44 AND 200),
    master_key_id text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE projects (
    client_id            text COLLATE "C" NOT NULL REFERENCES clients,
    project_id           uuid NOT NULL,
    display_name         text NOT NULL CHECK (length(display_name) BETWEEN 1 AND 200),
    timezone             text NOT NULL,
    is_active            boolean NOT NULL DEFAULT true,
    max_duration_minutes integer NOT NULL DEFAULT 15 CHECK (max_duration_minutes BETWEEN 5 AND 30),
    version              integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, project_id)
);
"""

PEOPLE = """
CREATE TABLE users (
    user_id          uuid PRIMARY KEY,
    issuer           text NOT NULL,
    subject          text,
    email            text NOT NULL CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 320),
    first_name       text NOT NULL DEFAULT '' CHECK (length(first_name) <= 100),
    last_name        text NOT NULL DEFAULT '' CHECK (length(last_name) <= 100),
    mobile_encrypted bytea,
    timezone         text,
    language         text NOT NULL DEFAULT 'en-AU',
    mfa_required     boolean NOT NULL DEFAULT false,
    version          integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at       timestamptz NOT NULL DEFAULT now(),
    UNIQUE (issuer, email),
    UNIQUE (issuer, subject)
);
CREATE TABLE memberships (
    membership_id  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- Deferred, so that an invitation writes the membership first and the person second: the
    -- policy of `users` then sees why this person may be written.
    user_id        uuid NOT NULL REFERENCES users DEFERRABLE INITIALLY DEFERRED,
    role           text NOT NULL,
    client_id      text COLLATE "C" REFERENCES clients,
    partner_org_id text COLLATE "C" REFERENCES partner_orgs,
    status         text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'removed')),
    version        integer NOT NULL DEFAULT 1 CHECK (version > 0),
    created_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (client_id, partner_org_id, user_id),
    CONSTRAINT role_fits_scope CHECK (
        (role IN ('client_admin', 'client_manager', 'client_staff')
            AND client_id IS NOT NULL AND partner_org_id IS NULL)
        OR (role IN ('partner_admin', 'partner_user') AND client_id IS NULL AND partner_org_id IS NOT NULL)
        OR (role IN ('aidial_admin', 'aidial_operator') AND client_id IS NULL AND partner_org_id IS NULL))
);
CREATE INDEX memberships_of_user ON memberships (user_id);
CREATE INDEX memberships_of_partner ON memberships (partner_org_id, user_id);
CREATE TABLE assignments (
    client_id     text COLLATE "C" NOT NULL REFERENCES clients,
    assignment_id uuid NOT NULL DEFAULT gen_random_uuid(),
    user_id       uuid NOT NULL REFERENCES users DEFERRABLE INITIALLY DEFERRED,
    project_id    uuid,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, assignment_id),
    FOREIGN KEY (client_id, project_id) REFERENCES projects,
    UNIQUE NULLS NOT DISTINCT (client_id, user_id, project_id)
);
CREATE INDEX assignments_of_user ON assignments (user_id, client_id);
COMMENT ON COLUMN assignments.project_id IS 'NULL: every project of the client, later ones too';
"""

POLICIES = f"""
CREATE POLICY reached ON clients USING ({REACHED}) WITH CHECK ({REACHED});
CREATE POLICY own_partner ON clients USING ({OWN_PARTNER}) WITH CHECK ({OWN_PARTNER});
CREATE POLICY reached ON client_keys USING ({REACHED}) WITH CHECK ({REACHED});
CREATE POLICY reached ON projects USING ({REACHED}) WITH CHECK ({REACHED});

CREATE POLICY own_partner ON partner_orgs USING ({OWN_PARTNER}) WITH CHECK ({OWN_PARTNER});
CREATE POLICY of_reached_client ON partner_orgs FOR SELECT USING (
    partner_org_id IN (SELECT c.partner_org_id FROM clients c));

CREATE POLICY reached ON memberships USING ({REACHED}) WITH CHECK ({REACHED});
CREATE POLICY own_partner ON memberships USING ({OWN_PARTNER}) WITH CHECK ({OWN_PARTNER});
CREATE POLICY own ON memberships FOR SELECT USING ({OWN});
-- Internal people are made by the owner's command line (bootstrap), never by the running API.
CREATE POLICY internal_by_owner ON memberships TO CURRENT_USER
    USING (client_id IS NULL AND partner_org_id IS NULL)
    WITH CHECK (client_id IS NULL AND partner_org_id IS NULL);

CREATE POLICY reached ON assignments USING ({REACHED}) WITH CHECK ({REACHED});
CREATE POLICY own ON assignments FOR SELECT USING ({OWN});

CREATE POLICY own ON users USING ({OWN}) WITH CHECK ({OWN});
-- The inner table is read under its own policies: a membership this transaction can see.
CREATE POLICY through_membership ON users
    USING (EXISTS (SELECT FROM memberships m WHERE m.user_id = users.user_id))
    WITH CHECK (EXISTS (SELECT FROM memberships m WHERE m.user_id = users.user_id));
"""

GRANTS = """
GRANT USAGE ON SCHEMA public TO aidial_app, aidial_lookup;
GRANT SELECT ON alembic_version TO aidial_app;
GRANT SELECT, INSERT, UPDATE ON partner_orgs, clients, projects, users, memberships TO aidial_app;
GRANT SELECT, INSERT ON client_keys TO aidial_app;
GRANT SELECT, INSERT, DELETE ON assignments TO aidial_app;
"""

TABLES = ("partner_orgs", "clients", "client_keys", "projects", "users", "memberships", "assignments")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TENANTS)
    op.execute(PEOPLE)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(POLICIES)
    op.execute(GRANTS)
