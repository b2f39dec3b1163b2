"""Usage, invoices and who receives them, as the billing provider tells."""

from alembic import op

revision = "202611251010"
down_revision = "202611251000"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)
MONTH = "~ '^[0-9]{4}-(0[1-9]|1[0-2])$'"
CURRENCY = "text NOT NULL CHECK (currency ~ '^[A-Z]{3}$')"

# The books of the embedded provider: accounts, changes, invoices and their lines.
BOOKS = f"""
CREATE TABLE billing_accounts (
    client_id          text COLLATE "C" PRIMARY KEY REFERENCES clients,
    plan_name          text NOT NULL CHECK (length(plan_name) BETWEEN 1 AND 80),
    monthly_fee_minor  bigint NOT NULL CHECK (monthly_fee_minor >= 0),
    included_minutes   integer NOT NULL CHECK (included_minutes >= 0),
    overage_rate_minor bigint NOT NULL CHECK (overage_rate_minor >= 0),
    sms_rate_minor     bigint NOT NULL CHECK (sms_rate_minor >= 0),
    currency           {CURRENCY},
    first_period       text NOT NULL CHECK (first_period {MONTH}),
    created_at         timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE billing_changes (
    client_id    text COLLATE "C" NOT NULL REFERENCES billing_accounts,
    change_id    uuid NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('discount', 'adjustment')),
    description  text NOT NULL CHECK (length(description) BETWEEN 1 AND 200),
    percent_bp   integer CHECK (percent_bp BETWEEN 1 AND 10000),
    amount_minor bigint,
    first_period text NOT NULL CHECK (first_period {MONTH}),
    last_period  text CHECK (last_period {MONTH} AND last_period >= first_period),
    PRIMARY KEY (client_id, change_id),
    CONSTRAINT percent_or_amount CHECK (
        (kind = 'discount' AND percent_bp IS NOT NULL AND amount_minor IS NULL)
        OR (kind = 'adjustment' AND percent_bp IS NULL AND amount_minor IS NOT NULL
            AND last_period = first_period))
);
CREATE TABLE invoices (
    client_id      text COLLATE "C" NOT NULL REFERENCES clients,
    invoice_id     uuid NOT NULL,
    number         text COLLATE "C" NOT NULL CHECK (length(number) BETWEEN 1 AND 80),
    period         text COLLATE "C" NOT NULL CHECK (period {MONTH}),
    status         text NOT NULL CHECK (status IN ('open', 'paid')),
    issued_at      timestamptz NOT NULL,
    due_at         timestamptz NOT NULL CHECK (due_at >= issued_at),
    paid_at        timestamptz,
    billed_to      text NOT NULL CHECK (length(billed_to) BETWEEN 1 AND 200),
    subtotal_minor bigint NOT NULL CHECK (subtotal_minor >= 0),
    tax_minor      bigint NOT NULL CHECK (tax_minor >= 0),
    total_minor    bigint NOT NULL CHECK (total_minor = subtotal_minor + tax_minor),
    currency       {CURRENCY},
    PRIMARY KEY (client_id, invoice_id),
    UNIQUE (client_id, number),
    UNIQUE (client_id, period),
    CHECK ((status = 'paid') = (paid_at IS NOT NULL))
);
CREATE INDEX invoices_by_issue ON invoices (client_id, issued_at DESC, invoice_id DESC);
CREATE INDEX invoices_by_status ON invoices (client_id, status, issued_at DESC, invoice_id DESC);
CREATE TABLE invoice_lines (
    client_id    text COLLATE "C" NOT NULL,
    invoice_id   uuid NOT NULL,
    position     integer NOT NULL CHECK (position > 0),
    description  text NOT NULL CHECK (length(description) BETWEEN 1 AND 300),
    quantity     bigint NOT NULL CHECK (quantity >= 0),
    amount_minor bigint NOT NULL,
    PRIMARY KEY (client_id, invoice_id, position),
    FOREIGN KEY (client_id, invoice_id) REFERENCES invoices
);
CREATE INDEX calls_with_sms ON calls (client_id, project_id, started_at)
    WHERE sms_status IN ('sent', 'delivered');
"""

# Ours whoever the provider is: what it said last, and who is sent invoices.
OURS = """
CREATE TABLE billing_usage_seen (
    client_id text COLLATE "C" PRIMARY KEY REFERENCES clients,
    as_of     timestamptz NOT NULL,
    usage     jsonb NOT NULL
);
CREATE TABLE billing_recipients (
    client_id  text COLLATE "C" PRIMARY KEY REFERENCES clients,
    version    integer NOT NULL CHECK (version > 1),
    addresses  bytea NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN billing_recipients.version IS 'Version 1 is the empty list that nobody saved';
"""

GRANTS = """
GRANT SELECT ON billing_accounts TO aidial_app;
GRANT SELECT, INSERT ON billing_changes, invoices, invoice_lines TO aidial_app;
GRANT SELECT, INSERT, UPDATE ON billing_usage_seen, billing_recipients TO aidial_app;
"""
TABLES = (
    "billing_accounts",
    "billing_changes",
    "invoices",
    "invoice_lines",
    "billing_usage_seen",
    "billing_recipients",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(BOOKS)
    op.execute(OURS)
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY reached ON {table} USING ({REACHED}) WITH CHECK ({REACHED})")
    op.execute(GRANTS)
