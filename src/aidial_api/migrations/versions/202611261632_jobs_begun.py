"""The jobs that do not wait, which are few: they are counted and listed without those that do."""

from alembic import op

revision = "202611261632"
down_revision = "202611261630"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("CREATE INDEX jobs_begun ON jobs.procrastinate_jobs (id, status) WHERE status <> 'todo'")
