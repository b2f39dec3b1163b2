"""Account exports: what was asked for, how far it is, and what is in its file."""

from alembic import op

revision = "202611261200"
down_revision = "202611260920"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

TABLES = """
CREATE TABLE account_exports (
    client_id         text COLLATE "C" NOT NULL REFERENCES clients,
    job_id            uuid NOT NULL,
    requested_by      uuid NOT NULL,
    requested_by_name text NOT NULL,
    project_ids       uuid[] NOT NULL,
    categories        text[] NOT NULL CHECK (cardinality(categories) > 0 AND categories <@
                      ARRAY['users', 'configuration_summaries', 'audit_events', 'support_tickets']),
    status            text NOT NULL DEFAULT 'queued'
                      CHECK (status IN ('queued', 'running', 'completed', 'failed', 'cancelled', 'expired')),
    kept_days         integer NOT NULL CHECK (kept_days > 0),
    categories_done   integer NOT NULL DEFAULT 0 CHECK (categories_done >= 0),
    rows              bigint NOT NULL DEFAULT 0 CHECK (rows >= 0),
    attempts          integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    file_id           uuid,
    size_bytes        bigint CHECK (size_bytes > 0),
    manifest          jsonb,
    failure           text CHECK (failure IN ('access_changed', 'too_large', 'storage_unavailable',
                                              'interrupted')),
    downloads         integer NOT NULL DEFAULT 0 CHECK (downloads >= 0),
    requested_at      timestamptz NOT NULL,
    started_at        timestamptz,
    finished_at       timestamptz,
    expires_at        timestamptz,
    version           integer NOT NULL DEFAULT 1 CHECK (version > 0),
    PRIMARY KEY (client_id, job_id),
    CHECK ((failure IS NOT NULL) = (status = 'failed')),
    CHECK (status NOT IN ('completed', 'expired')
           OR (size_bytes IS NOT NULL AND manifest IS NOT NULL AND expires_at IS NOT NULL))
);
COMMENT ON COLUMN account_exports.project_ids IS 'What its requester reached, and no others';
COMMENT ON COLUMN account_exports.file_id IS 'Of the attempt under way, or of the export';
CREATE INDEX account_exports_by_request ON account_exports (client_id, requested_at DESC, job_id DESC);
CREATE UNIQUE INDEX account_exports_unfinished ON account_exports (client_id, requested_by)
    WHERE status IN ('queued', 'running');
ALTER TABLE account_exports ALTER COLUMN client_id SET (n_distinct = 10);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(TABLES)
    op.execute("ALTER TABLE account_exports ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE account_exports FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY reached ON account_exports USING ({REACHED}) WITH CHECK ({REACHED})")
    op.execute("GRANT SELECT, INSERT, UPDATE ON account_exports TO aidial_app")
