"""The activity log is chained: what waits to be sealed, the seals, and where each chain ends.

The one thing a newcomer would get wrong: nobody has to remember to ask for a seal. A trigger notes every
event in the transaction that writes it, so it is waiting from the moment it can be seen, whatever wrote it.
Source: `docs/decisions/0041-the-chain-of-the-activity-log.md`.
"""

from alembic import op

revision = "202611260700"
down_revision = "202611260592"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)
# Set by the sealer and by those who look after it: it shows which chains there are, and events of no tenant.
SEALING = "(select current_setting('app.sealing', true)) = 'yes'"
INTERNAL = f"client_id IS NULL AND {SEALING}"

TABLES = """
ALTER TABLE audit_events ADD COLUMN policy text;
COMMENT ON COLUMN audit_events.policy IS 'By which permission it was allowed, and how much of it was held';
CREATE TABLE audit_unsealed (
    client_id text COLLATE "C",
    at        timestamptz NOT NULL,
    event_id  uuid NOT NULL,
    UNIQUE NULLS NOT DISTINCT (client_id, at, event_id)
)
-- Rows come and go: what went must not be read again and again.
WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
COMMENT ON COLUMN audit_unsealed.client_id IS 'Null: an event of no tenant, in the chain of AiDial itself';
CREATE TABLE audit_seals (
    client_id text COLLATE "C",
    seq       bigint NOT NULL CHECK (seq > 0),
    event_id  uuid NOT NULL,
    sealed_at timestamptz NOT NULL,
    hash      bytea NOT NULL CHECK (length(hash) = 32),
    UNIQUE NULLS NOT DISTINCT (client_id, seq),
    UNIQUE NULLS NOT DISTINCT (client_id, event_id)
);
CREATE TABLE audit_chains (
    client_id      text COLLATE "C",
    seq            bigint NOT NULL,
    hash           bytea NOT NULL CHECK (length(hash) = 32),
    sealed_at      timestamptz NOT NULL,
    checkpoint_seq bigint NOT NULL DEFAULT 0,
    checkpoint_at  timestamptz,
    UNIQUE NULLS NOT DISTINCT (client_id)
)
WITH (fillfactor = 50);
COMMENT ON TABLE audit_chains IS 'The last seal of each chain, and the last checkpoint written outside';
"""

NOTED = """
CREATE FUNCTION note_unsealed_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.audit_unsealed (client_id, at, event_id) SELECT client_id, at, event_id FROM added;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION note_unsealed_events FROM PUBLIC;
CREATE TRIGGER noted_for_sealing AFTER INSERT ON audit_events REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION note_unsealed_events();
"""

# Whoever may write an event has it noted; the sealer alone sees whose wait.
POLICIES = f"""
CREATE POLICY noted ON audit_unsealed FOR INSERT WITH CHECK (client_id IS NULL OR {REACHED});
CREATE POLICY waiting ON audit_unsealed FOR SELECT USING ({SEALING});
CREATE POLICY sealed ON audit_unsealed FOR DELETE USING ({SEALING});
CREATE POLICY reached ON audit_seals USING ({REACHED}) WITH CHECK ({REACHED});
CREATE POLICY internal ON audit_seals USING ({INTERNAL}) WITH CHECK ({INTERNAL});
CREATE POLICY sealing ON audit_chains USING ({SEALING}) WITH CHECK ({SEALING});
CREATE POLICY internal ON audit_events FOR SELECT USING ({INTERNAL});
"""
GRANTS = """
GRANT SELECT, INSERT, DELETE ON audit_unsealed TO aidial_app;
GRANT SELECT, INSERT ON audit_seals TO aidial_app;
GRANT SELECT, INSERT, UPDATE ON audit_chains TO aidial_app;
"""
# What was written before is sealed too, oldest first. The owner is bound by the policies.
EARLIER = """
ALTER TABLE audit_events NO FORCE ROW LEVEL SECURITY;
INSERT INTO audit_unsealed (client_id, at, event_id) SELECT client_id, at, event_id FROM audit_events;
ALTER TABLE audit_events FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    connection = op.get_bind()
    connection.exec_driver_sql(TABLES)
    connection.exec_driver_sql(EARLIER)
    connection.exec_driver_sql(NOTED)
    for table in ("audit_unsealed", "audit_seals", "audit_chains"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(POLICIES)
    op.execute(GRANTS)
