"""Whether people of a client, or of a partner organisation, may have codes sent to their phones."""

from alembic import op

revision = "202611261300"
down_revision = "202611261200"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '3s'")
    op.execute("ALTER TABLE clients ADD COLUMN sms_otp boolean NOT NULL DEFAULT false")
    op.execute("ALTER TABLE partner_orgs ADD COLUMN sms_otp boolean NOT NULL DEFAULT false")


def downgrade() -> None:
    op.execute("ALTER TABLE partner_orgs DROP COLUMN sms_otp")
    op.execute("ALTER TABLE clients DROP COLUMN sms_otp")
