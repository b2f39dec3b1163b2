"""Pages of calls by duration begin where the one before ended, however deep."""

from alembic import op

revision = "202611260592"
down_revision = "202611260591"
branch_labels = None
depends_on = None

# COALESCE does not count as leakproof, CASE does: under the policy only the second may be a bound of the
# index, and not merely a filter that reads everything before the page again.
INDEX = """
DROP INDEX calls_by_duration;
CREATE INDEX calls_by_duration ON calls (client_id, project_id,
    (CASE WHEN duration_seconds IS NULL THEN 0 ELSE duration_seconds END) DESC, call_id DESC, started_at);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(INDEX)
