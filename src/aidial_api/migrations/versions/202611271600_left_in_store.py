"""What broke-off uploads left in the store: what was marked and nobody deleted is asked for once more."""

from alembic import op

revision = "202611271600"
down_revision = "202611271300"
branch_labels = None
depends_on = None

# Some of it has a job already. A file that is not there is as deleted as one that was, so twice does no harm.
LEFT = """
ALTER TABLE recordings NO FORCE ROW LEVEL SECURITY;
SELECT jobs.procrastinate_defer_jobs_v1(ARRAY[ROW(
    'aidial'::varchar, 'recordings.delete'::varchar, 0, NULL, NULL,
    jsonb_build_object('client_id', r.client_id, 'recording_id', r.recording_id), now()
)::jobs.procrastinate_job_to_defer_v1])
FROM recordings r WHERE r.state = 'deleting';
ALTER TABLE recordings FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(LEFT)
