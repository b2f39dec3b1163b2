"""Callers are found by their last 5, 7 and 8 digits too: which tenants' earlier calls are not yet."""

from alembic import op

revision = "202611261620"
down_revision = "202611261355"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)
# A tenant stands here until a job has seen all its calls of before; `seen_to` is the last it saw.
TABLE = """
CREATE TABLE callers_without_endings (
    client_id text COLLATE "C" PRIMARY KEY REFERENCES clients,
    seen_to   uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
);
ALTER TABLE clients NO FORCE ROW LEVEL SECURITY;
INSERT INTO callers_without_endings (client_id) SELECT client_id FROM clients;
ALTER TABLE clients FORCE ROW LEVEL SECURITY;
"""
# In an hour: until then processes of the version before may still store calls without them, and a worker of
# that version would not know the job.
JOBS = """
SELECT jobs.procrastinate_defer_jobs_v1(ARRAY[ROW(
    'aidial', 'calls.endings', 0, NULL, NULL, jsonb_build_object('client_id', client_id),
    now() + interval '1 hour')::jobs.procrastinate_job_to_defer_v1])
FROM callers_without_endings;
"""
WALL = f"""
ALTER TABLE callers_without_endings ENABLE ROW LEVEL SECURITY;
ALTER TABLE callers_without_endings FORCE ROW LEVEL SECURITY;
CREATE POLICY reached ON callers_without_endings USING ({REACHED}) WITH CHECK ({REACHED});
GRANT SELECT, UPDATE, DELETE ON callers_without_endings TO aidial_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for text in (TABLE, JOBS, WALL):
        op.get_bind().exec_driver_sql(text)
