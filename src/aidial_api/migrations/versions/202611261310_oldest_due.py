"""The jobs that wait, by when they are due: the oldest is found whatever else waits."""

from alembic import op

revision = "202611261310"
down_revision = "202611261300"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE INDEX jobs_by_due ON jobs.procrastinate_jobs (scheduled_at, id) WHERE status = 'todo'")
