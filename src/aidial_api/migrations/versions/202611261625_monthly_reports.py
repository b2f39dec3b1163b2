"""Monthly reports: the numbers of a month as they were sent, one a tenant and month."""

from alembic import op

revision = "202611261625"
down_revision = "202611261622"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

TABLE = """
-- The row outlives its numbers: a month whose numbers were deleted is not reported again.
CREATE TABLE monthly_reports (
    client_id   text COLLATE "C" NOT NULL REFERENCES clients,
    report_id   uuid NOT NULL,
    month       text COLLATE "C" NOT NULL CHECK (month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    timezone    text NOT NULL CHECK (length(timezone) BETWEEN 1 AND 64),
    starts_at   timestamptz NOT NULL,
    ends_at     timestamptz NOT NULL CHECK (ends_at > starts_at),
    project_ids uuid[] NOT NULL,
    figures     jsonb,
    made_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, report_id),
    UNIQUE (client_id, month)
);
COMMENT ON COLUMN monthly_reports.project_ids IS 'All whose calls are counted: its readers reach them all';
COMMENT ON COLUMN monthly_reports.figures IS 'Null once the numbers were deleted';
ALTER TABLE monthly_reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE monthly_reports FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE ON monthly_reports TO aidial_app;
-- A line's messages, newest first, and those about the whole tenant: for its own people's history.
CREATE INDEX deliveries_of_project ON deliveries (client_id, project_id, delivery_id DESC);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(TABLE)
    op.execute(f"CREATE POLICY reached ON monthly_reports USING ({REACHED}) WITH CHECK ({REACHED})")
