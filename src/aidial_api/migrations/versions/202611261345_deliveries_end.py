"""Messages to people: what nobody got is `kept`, not `sent`; and what is old goes."""

from alembic import op

revision = "202611261345"
down_revision = "202611261330"
branch_labels = None
depends_on = None

# Only a transaction that reaches nobody sweeps: a request's cannot touch another tenant's rows.
SWEPT = (
    "created_at <= now() - interval '90 days'"
    " AND (select coalesce(current_setting('app.client_ids', true), '')"
    " || coalesce(current_setting('app.actor_id', true), '')) = ''"
)
KEPT = """
ALTER TABLE deliveries DROP CONSTRAINT deliveries_state_check;
ALTER TABLE deliveries NO FORCE ROW LEVEL SECURITY;
UPDATE deliveries SET state = 'kept', sent_at = NULL WHERE state = 'sent' AND sent_by = 'outbox';
ALTER TABLE deliveries FORCE ROW LEVEL SECURITY;
ALTER TABLE deliveries ADD CONSTRAINT deliveries_state_check
    CHECK (state IN ('queued', 'sent', 'kept', 'failed', 'gave_up'));
DROP INDEX deliveries_unsent;
CREATE INDEX deliveries_unsent ON deliveries (state, delivery_id DESC) WHERE state NOT IN ('sent', 'kept');
CREATE INDEX deliveries_kept ON deliveries (delivery_id DESC) WHERE state = 'kept';
"""
ENDED = f"""
CREATE INDEX deliveries_by_age ON deliveries (created_at);
CREATE INDEX deliveries_by_age_of_tenant ON deliveries (client_id, created_at);
CREATE POLICY seen_by_sweeper ON deliveries FOR SELECT USING ({SWEPT});
CREATE POLICY swept ON deliveries FOR DELETE USING ({SWEPT});
GRANT DELETE ON deliveries TO aidial_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(KEPT)
    op.get_bind().exec_driver_sql(ENDED)
