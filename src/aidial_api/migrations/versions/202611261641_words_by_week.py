"""The index of words, week by week: a few weeks of a common word say that there are more than are counted."""

from alembic import op

revision = "202611261641"
down_revision = "202611261634"
branch_labels = None
depends_on = None

# Weeks since 1970 as four digits, so that no word of one begins like a word of another.
WEEK = """
CREATE FUNCTION call_week(started timestamptz) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN greatest(0, least(9999, floor(extract(epoch FROM started AT TIME ZONE 'UTC') / 604800)))::integer;
CREATE FUNCTION words_of_week(words tsvector, started timestamptz) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_to_tsvector(ARRAY(SELECT lpad(call_week(started)::text, 4, '0') || word
                               FROM unnest(tsvector_to_array(words)) AS word));
"""
# Built beside the former one: whoever drops that first lets nobody read a call until this one is whole.
INDEX = """
CREATE INDEX calls_by_words_of_week ON calls USING gin (words_of_week(words, started_at))
    WITH (gin_pending_list_limit = 256);
DROP INDEX calls_by_words;
ALTER INDEX calls_by_words_of_week RENAME TO calls_by_words;
"""
# The same words in any of some weeks. A quote stands before a word and at its end, and in none.
QUERY = """
CREATE FUNCTION query_of_weeks(of_project uuid, words tsquery, first_week integer, last_week integer)
RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT string_agg('(' || replace(words::text, '''' || right(of_project::text, 4),
                                         '''' || lpad(week::text, 4, '0')
                                              || right(of_project::text, 4)) || ')', ' | ')::tsquery
        FROM generate_series(first_week, last_week) AS week);
"""
# The newest week first, then the two before, then four, then always eight: whoever asks for at most ten
# thousand calls of a common word never reads many more entries than that. More weeks at once would be slower,
# because every entry is compared with every week.
# As before: past the policy, of the tenants of the same setting, by the index and nothing else.
SEARCH = """
CREATE OR REPLACE FUNCTION search_calls(
    of_project uuid, wanted text, since timestamptz, until timestamptz, most integer) RETURNS SETOF uuid
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    asked CONSTANT tsquery := public.call_query(of_project, wanted);
    of_client text;
    newest timestamptz;
    oldest timestamptz;
    last_week integer;
    first_week integer;
    end_week integer;
    weeks integer := 1;
    added integer;
BEGIN
    SELECT p.client_id INTO of_client FROM public.projects p
    WHERE p.project_id = of_project AND p.client_id = any(string_to_array(
        nullif(current_setting('app.client_ids', true), ''), ','));
    SELECT c.started_at INTO newest FROM public.calls c
    WHERE c.client_id = of_client AND c.project_id = of_project AND c.started_at < until
    ORDER BY c.started_at DESC LIMIT 1;
    SELECT c.started_at INTO oldest FROM public.calls c
    WHERE c.client_id = of_client AND c.project_id = of_project AND c.started_at >= since
    ORDER BY c.started_at LIMIT 1;
    last_week := public.call_week(newest);
    end_week := public.call_week(oldest);
    WHILE asked IS NOT NULL AND last_week >= end_week AND most > 0 LOOP
        first_week := greatest(end_week, last_week - weeks + 1);
        RETURN QUERY WITH matched AS MATERIALIZED (
            SELECT c.client_id, c.project_id, c.started_at, c.call_id FROM public.calls c
            WHERE public.words_of_week(c.words, c.started_at)
                  @@ public.query_of_weeks(of_project, asked, first_week, last_week))
        SELECT matched.call_id FROM matched
        WHERE matched.client_id = of_client AND matched.project_id = of_project
          AND matched.started_at >= since AND matched.started_at < until
        LIMIT most;
        GET DIAGNOSTICS added = ROW_COUNT;
        most := most - added;
        last_week := first_week - 1;
        weeks := least(8, weeks * 2);
    END LOOP;
END $$;
"""
FUNCTIONS = (
    "call_week(timestamptz)",
    "words_of_week(tsvector, timestamptz)",
    "query_of_weeks(uuid, tsquery, integer, integer)",
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    connection = op.get_bind()
    for text in (WEEK, QUERY, INDEX):
        connection.exec_driver_sql(text)
    for function in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO aidial_app, aidial_lookup")
    # Replaced by a member of the role that owns it: it stays its own, with the same grants.
    connection.exec_driver_sql(SEARCH)
