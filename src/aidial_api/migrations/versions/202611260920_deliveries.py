"""Messages to people: to whom, what about, and how it went."""

from alembic import op

revision = "202611260920"
down_revision = "202611260910"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)
OPERATIONS = "(select current_setting('app.operations', true)) = 'on'"

TABLE = """
-- No key leads to the call or report: that somebody was written to is known for longer than about what.
CREATE TABLE deliveries (
    client_id       text COLLATE "C" NOT NULL REFERENCES clients,
    delivery_id     uuid NOT NULL,
    project_id      uuid,
    kind            text NOT NULL CHECK (kind IN ('call_transcript', 'call_summary', 'monthly_report')),
    channel         text NOT NULL CHECK (channel IN ('email', 'sms')),
    about_id        uuid NOT NULL,
    mask            boolean NOT NULL,
    recipient       bytea NOT NULL,
    recipient_mark  bytea NOT NULL CHECK (length(recipient_mark) = 32),
    recipient_shown text NOT NULL CHECK (length(recipient_shown) <= 320),
    state           text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'failed', 'gave_up')),
    attempts        integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    failure         text CHECK (length(failure) <= 100),
    sent_by         text,
    content         jsonb,
    created_at      timestamptz NOT NULL DEFAULT now(),
    next_attempt_at timestamptz,
    taken_until     timestamptz,
    sent_at         timestamptz,
    PRIMARY KEY (client_id, delivery_id),
    UNIQUE (client_id, about_id, kind, recipient_mark),
    FOREIGN KEY (client_id, project_id) REFERENCES projects,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
);
COMMENT ON COLUMN deliveries.recipient IS 'Encrypted; recipient_shown is masked';
COMMENT ON COLUMN deliveries.content IS
    'What the embedded outbox keeps: redacted, masked, and gone with the transcript; null where mail leaves';
-- Every tenant's, newest first, for operations; what has not left has an index of its own.
CREATE INDEX deliveries_newest ON deliveries (delivery_id DESC);
CREATE INDEX deliveries_unsent ON deliveries (state, delivery_id DESC) WHERE state <> 'sent';
CREATE INDEX deliveries_of_kind ON deliveries (client_id, kind, delivery_id DESC);
"""

# Whatever takes a transcript away takes what was written from it.
FORGOTTEN = """
CREATE FUNCTION forget_delivered_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE public.deliveries SET content = NULL
    WHERE client_id = NEW.client_id AND about_id = NEW.call_id AND content IS NOT NULL;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION forget_delivered_text FROM PUBLIC;
CREATE TRIGGER forgotten AFTER UPDATE OF raw ON transcripts FOR EACH ROW
    WHEN (OLD.raw IS NOT NULL AND NEW.raw IS NULL) EXECUTE FUNCTION forget_delivered_text();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(TABLE)
    op.get_bind().exec_driver_sql(FORGOTTEN)
    op.execute("ALTER TABLE deliveries ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE deliveries FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY reached ON deliveries USING ({REACHED}) WITH CHECK ({REACHED})")
    op.execute(f"CREATE POLICY operations ON deliveries FOR SELECT USING ({OPERATIONS})")
    op.execute("GRANT SELECT, INSERT, UPDATE ON deliveries TO aidial_app")
