"""Support tickets of every tenant, by age: the queue of those who answer."""

from alembic import op

revision = "202611261700"
down_revision = "202611261641"
branch_labels = None
depends_on = None

OPERATIONS = "(select current_setting('app.operations', true)) = 'on'"
# Few tickets wait however many were closed: those of a state are a range of the second. It is of the states'
# numbers, which no tenant's list asks for: through it a neighbour's tickets would be looked at. Neither leads
# with the id: one ticket is looked up through its tenant's key, whoever asks.
INDEXES = """
CREATE INDEX tickets_by_age ON tickets (created_at, ticket_id);
CREATE INDEX tickets_in_queue ON tickets (
    (CASE WHEN status = 'open' THEN 0 WHEN status = 'waiting_on_customer' THEN 1
          WHEN status = 'waiting_on_support' THEN 2 WHEN status = 'resolved' THEN 3 ELSE 4 END),
    created_at, ticket_id);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(INDEXES)
    op.execute(f"CREATE POLICY operations ON tickets FOR SELECT USING ({OPERATIONS})")
    # The queue leaves out the tenants whose allowlist lacks the asker's address; no other setting is shown.
    op.execute(
        "CREATE POLICY operations ON client_settings FOR SELECT"
        f" USING (section = 'ip-allowlist' AND {OPERATIONS})"
    )
