"""Support tickets of every tenant, by age: the queue of those who answer."""

from alembic import op

revision = "202611261700"
down_revision = "202611261641"
branch_labels = None
depends_on = None

OPERATIONS = "(select current_setting('app.operations', true)) = 'on'"
# Few tickets wait however many were closed: those of some states are ranges of the second.
INDEXES = """
CREATE INDEX tickets_by_age ON tickets (ticket_id);
CREATE INDEX tickets_by_status ON tickets (status, ticket_id);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(INDEXES)
    op.execute(f"CREATE POLICY operations ON tickets FOR SELECT USING ({OPERATIONS})")
