"""Which master key this installation was made with, so that another one is refused before it does harm."""

from alembic import op

revision = "202611271145"
down_revision = "202611270915"
branch_labels = None
depends_on = None

# Of nobody's tenant: one row, or none until the first tenant. It holds the key's name and nothing of the key.
TABLE = """
CREATE TABLE installation (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    master_key_id text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT, INSERT ON installation TO aidial_app;
"""
# The owner, too, sees a key's row only through its tenant; here all are asked, once.
KNOWN = """
ALTER TABLE client_keys NO FORCE ROW LEVEL SECURITY;
INSERT INTO installation (master_key_id)
    SELECT master_key_id FROM client_keys GROUP BY 1 ORDER BY count(*) DESC LIMIT 1;
ALTER TABLE client_keys FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(TABLE)
    op.execute(KNOWN)
