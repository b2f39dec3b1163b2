"""Counts of calls for the dashboard: changes written with the calls, folded into totals by the worker.

The one thing a newcomer would get wrong: whoever writes a call writes its change, in the same transaction,
because a trigger does; so the sum of totals and changes is exact whichever way a call came or went. A bulk
load that sets `app.count_later` to `yes` has to recount (`aidial analytics rebuild`) afterwards.
"""

from alembic import op

revision = "202611260540"
down_revision = "202611260500"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)
# Only a transaction that reaches nobody sees whose changes wait: a request's never does.
NOBODY = (
    "(select coalesce(current_setting('app.client_ids', true), '')"
    " || coalesce(current_setting('app.actor_id', true), '')) = ''"
)

# What is counted of a call `c`.
MEASURES = {
    "calls": "1",
    "live": "(c.status = 'live')::integer",
    "completed": "(c.status = 'completed')::integer",
    "missed": "(c.status = 'missed')::integer",
    "failed": "(c.status = 'failed')::integer",
    "talk_seconds": "CASE WHEN c.status = 'completed' THEN coalesce(c.duration_seconds, 0) ELSE 0 END",
    "timed": "(c.status = 'completed' AND c.duration_seconds IS NOT NULL)::integer",
    "positive": "(c.sentiment_caller = 'positive')::integer",
    "neutral": "(c.sentiment_caller = 'neutral')::integer",
    "upset": "(c.sentiment_caller = 'upset')::integer",
    "bookings": "(c.booking IS NOT NULL)::integer",
    "transfers": "(c.transfer IS NOT NULL)::integer",
    "follow_ups": "(c.follow_up IS NOT NULL)::integer",
    "voice": "(c.channel = 'voice')::integer",
    "sms": "(c.channel = 'sms')::integer",
    "inbound": "(c.direction = 'inbound')::integer",
}
NAMES = ", ".join(MEASURES)
# A call may last a year: the seconds of a cell may be many.
COLUMNS = ",\n    ".join(
    f"{name} {'bigint' if name == 'talk_seconds' else 'integer'} NOT NULL" for name in MEASURES
)
FACTS = ", ".join(MEASURES.values())
QUARTER = "date_bin('15 minutes', c.started_at, '1970-01-01 00:00+00')"
SIGNED = ", ".join(f"sum(sign * ({fact}))" for fact in MEASURES.values())
# What a change of makes no difference to any number is not written.
WATCHED = (
    "project_id", "started_at", "status", "duration_seconds", "sentiment_caller", "outcome", "agent_id",
    "agent_name", "channel", "direction",
)  # fmt: skip
DIFFERS = " OR ".join(
    [f"old.{name} IS DISTINCT FROM new.{name}" for name in WATCHED]
    + [f"(old.{name} IS NULL) <> (new.{name} IS NULL)" for name in ("booking", "transfer", "follow_up")]
)

TABLES = f"""
CREATE TABLE call_count_changes (
    client_id  text COLLATE "C" NOT NULL,
    change_id  bigint GENERATED ALWAYS AS IDENTITY,
    project_id uuid NOT NULL,
    quarter    timestamptz NOT NULL,
    outcome    text NOT NULL,
    agent_id   text,
    agent_name text,
    {COLUMNS},
    PRIMARY KEY (client_id, change_id)
)
-- Rows come and go: what went must not be read again and again.
WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
COMMENT ON COLUMN call_count_changes.quarter IS
    'Start of the quarter of an hour: every zone''s midnight since 1972 is one';
-- Heat maps read the calls of every hour from the index alone.
CREATE TABLE call_counts (
    client_id  text COLLATE "C" NOT NULL,
    project_id uuid NOT NULL,
    minutes    smallint NOT NULL CHECK (minutes IN (15, 60, 1440)),
    starts_at  timestamptz NOT NULL,
    {COLUMNS},
    PRIMARY KEY (client_id, project_id, minutes, starts_at) INCLUDE (calls)
);
CREATE TABLE call_counts_by_key (
    client_id  text COLLATE "C" NOT NULL,
    project_id uuid NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('outcome', 'agent')),
    minutes    smallint NOT NULL CHECK (minutes IN (60, 1440)),
    starts_at  timestamptz NOT NULL,
    key        text COLLATE "C" NOT NULL,
    label      text,
    calls      integer NOT NULL,
    PRIMARY KEY (client_id, project_id, kind, minutes, starts_at, key)
)
WITH (fillfactor = 80);
CREATE TABLE forgotten_counts (
    client_id text COLLATE "C" NOT NULL,
    since     timestamptz NOT NULL,
    until     timestamptz NOT NULL,
    PRIMARY KEY (client_id, since),
    CHECK (since < until)
);
COMMENT ON TABLE forgotten_counts IS 'Periods whose numbers were deleted: their calls are counted no more';
-- As for calls: told of ten tenants the planner sees that the policy keeps what the query asks for.
ALTER TABLE call_counts ALTER COLUMN client_id SET (n_distinct = 10);
ALTER TABLE call_counts_by_key ALTER COLUMN client_id SET (n_distinct = 10);
"""

FUNCTIONS = f"""
CREATE FUNCTION call_facts(of_client text, of_project uuid, since timestamptz, until timestamptz)
RETURNS TABLE (started_at timestamptz, outcome text, agent_id text, agent_name text,
               {", ".join(f"{name} integer" for name in MEASURES)})
LANGUAGE sql STABLE AS $$
    SELECT c.started_at, c.outcome, c.agent_id, c.agent_name, {FACTS}
    FROM calls c
    WHERE c.client_id = of_client AND c.project_id = of_project
      AND c.started_at >= since AND c.started_at < until
      AND NOT EXISTS (SELECT 1 FROM forgotten_counts f WHERE f.client_id = c.client_id
                      AND c.started_at >= f.since AND c.started_at < f.until)
$$;
CREATE FUNCTION note_counted_calls() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign CONSTANT integer := CASE TG_OP WHEN 'DELETE' THEN -1 ELSE 1 END;
BEGIN
    INSERT INTO call_count_changes (client_id, project_id, quarter, outcome, agent_id, agent_name, {NAMES})
    SELECT c.client_id, c.project_id, {QUARTER}, c.outcome, c.agent_id, max(c.agent_name), {SIGNED}
    FROM changed c GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END
$$;
CREATE FUNCTION note_changed_call() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO call_count_changes (client_id, project_id, quarter, outcome, agent_id, agent_name, {NAMES})
    SELECT c.client_id, c.project_id, {QUARTER}, c.outcome, c.agent_id, max(c.agent_name), {SIGNED}
    FROM (SELECT -1 AS sign, old.* UNION ALL SELECT 1, new.*) c GROUP BY 1, 2, 3, 4, 5;
    RETURN NULL;
END
$$;
"""

TRIGGERS = f"""
CREATE TRIGGER counted_when_added AFTER INSERT ON calls REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT WHEN (current_setting('app.count_later', true) IS DISTINCT FROM 'yes')
    EXECUTE FUNCTION note_counted_calls();
CREATE TRIGGER counted_when_removed AFTER DELETE ON calls REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_counted_calls();
CREATE TRIGGER counted_when_changed AFTER UPDATE ON calls
    FOR EACH ROW WHEN ({DIFFERS}) EXECUTE FUNCTION note_changed_call();
"""

POLICIES = f"CREATE POLICY seen_by_folder ON call_count_changes FOR SELECT USING ({NOBODY})"
GRANTS = """
GRANT SELECT, INSERT, DELETE ON call_count_changes, forgotten_counts TO aidial_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON call_counts, call_counts_by_key TO aidial_app;
REVOKE ALL ON FUNCTION call_facts, note_counted_calls, note_changed_call FROM PUBLIC;
GRANT EXECUTE ON FUNCTION call_facts TO aidial_app;
"""
# What was delivered before: rebuilt month by month by `aidial analytics rebuild` on a large database, and
# noted as changes here, so that the numbers are right from the first request.
EARLIER = f"""
INSERT INTO call_count_changes (client_id, project_id, quarter, outcome, agent_id, agent_name, {NAMES})
SELECT c.client_id, c.project_id, {QUARTER}, c.outcome, c.agent_id, max(c.agent_name),
       {", ".join(f"sum({fact})" for fact in MEASURES.values())}
FROM calls c GROUP BY 1, 2, 3, 4, 5
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    connection = op.get_bind()
    connection.exec_driver_sql(TABLES)
    connection.exec_driver_sql(FUNCTIONS)
    # The owner is bound by the policies; what was delivered before is of every tenant.
    connection.exec_driver_sql("ALTER TABLE calls NO FORCE ROW LEVEL SECURITY")
    connection.exec_driver_sql(EARLIER)
    connection.exec_driver_sql("ALTER TABLE calls FORCE ROW LEVEL SECURITY")
    connection.exec_driver_sql(TRIGGERS)
    for table in ("call_count_changes", "call_counts", "call_counts_by_key", "forgotten_counts"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY reached ON {table} USING ({REACHED}) WITH CHECK ({REACHED})")
    op.execute(POLICIES)
    op.execute(GRANTS)
