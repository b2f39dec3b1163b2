"""As what a hidden transcript is shown once it is shown again; what was written from it goes."""

from alembic import op

revision = "202611270915"
down_revision = "202611262150"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("ALTER TABLE transcripts ADD COLUMN shown_as text")
    # Not valid: nobody has one yet, and to look at every transcript would hold up deliveries.
    op.execute(
        "ALTER TABLE transcripts ADD CONSTRAINT transcripts_shown_as_check"
        " CHECK (shown_as IN ('available', 'truncated', 'incomplete')) NOT VALID"
    )
    # What AiDial's own people could read of it in the embedded outbox.
    op.execute(
        "CREATE TRIGGER hidden AFTER UPDATE OF shown_as ON transcripts FOR EACH ROW"
        " WHEN (NEW.shown_as IS NOT NULL) EXECUTE FUNCTION forget_delivered_text()"
    )
