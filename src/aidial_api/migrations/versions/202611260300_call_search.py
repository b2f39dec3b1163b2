"""Full-text search over the summaries of calls."""

from alembic import op

revision = "202611260300"
down_revision = "202611260000"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

# What only separates words. Apostrophes too: the parser would make hosts, paths and signs of the rest.
SEPARATORS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~‘’“”–—…•·"  # noqa: RUF001 - quotes and dashes as people type them

# Written one way and the other in Australia: one spelling, in what is kept and in what is looked for.
PLAIN = f"""
CREATE FUNCTION plain_words(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    translate(lower(said), $${SEPARATORS}$$, repeat(' ', {len(SEPARATORS)})),
    '([a-z][a-z])iz(e|ing|ation)', '\\1is\\2', 'g'),
    '\\m(behavi|col|fav|hon|hum|lab|neighb|tum)or', '\\1our', 'g'),
    '\\m(licen|practi)s', '\\1c', 'g'),
    '\\minquir', 'enquir', 'g');
"""

# Every word begins with the end of its project's id: the words of a project are entries of their own in the
# index, so looking one up costs the same whoever else uses it. Two projects may share an ending.
WORDS = """
CREATE FUNCTION call_words(of_project uuid, said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(array_to_tsvector(array_agg(right(of_project::text, 4) || word.lexeme)), ''::tsvector)
        FROM unnest(to_tsvector('pg_catalog.english', plain_words(said))) AS word);
"""

# All words, in any order; the last one, when it is of four letters or more, may be the beginning of a longer
# one. Null when only stop words were given: that matches nothing.
QUERY = """
CREATE FUNCTION call_query(of_project uuid, wanted text) RETURNS tsquery LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT string_agg(quote_literal(right(of_project::text, 4) || word.lexeme)
                          || CASE WHEN word.is_last AND word.lexeme ~ '^[a-z]{4,}$' THEN ':*' ELSE '' END,
                          ' & ')::tsquery
        FROM (SELECT lexeme, positions[cardinality(positions)]
                             = max(positions[cardinality(positions)]) OVER () AS is_last
              FROM unnest(to_tsvector('pg_catalog.english', plain_words(wanted)))) AS word);
"""

COLUMN = """
ALTER TABLE calls ADD COLUMN words tsvector GENERATED ALWAYS AS (call_words(project_id, summary)) STORED;
-- The list of what came in last is read by every search: kept short.
CREATE INDEX calls_by_words ON calls USING gin (words) WITH (gin_pending_list_limit = 256);
"""

# Under a policy no operator of full-text search may use an index. So the ids are found past the policy, by a
# function that reads the tenants from the same setting, and the calls are then read under it.
# Sequential scans are off and the words stand alone, because the planner would rather walk a project.
SEARCH = """
CREATE FUNCTION search_calls(
    of_project uuid, wanted text, since timestamptz, until timestamptz, most integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
    WITH found AS MATERIALIZED (
        SELECT c.client_id, c.project_id, c.started_at, c.call_id FROM public.calls c
        WHERE c.words @@ public.call_query(of_project, wanted))
    SELECT found.call_id FROM found
    WHERE found.client_id = any((select string_to_array(
              nullif(current_setting('app.client_ids', true), ''), ','))::text[])
      AND found.project_id = of_project AND found.started_at >= since AND found.started_at < until
    LIMIT most
$$;
"""
SEARCH_FUNCTION = "search_calls(uuid, text, timestamptz, timestamptz, integer)"
WORD_FUNCTIONS = ("plain_words(text)", "call_words(uuid, text)", "call_query(uuid, text)")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    connection = op.get_bind()
    for text in (PLAIN, WORDS, QUERY):
        connection.exec_driver_sql(text.replace("%", "%%"))
    for function in WORD_FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO aidial_app, aidial_lookup")
    connection.exec_driver_sql(COLUMN)
    op.execute("GRANT SELECT ON calls TO aidial_lookup")
    op.execute("CREATE POLICY for_search ON calls FOR SELECT TO aidial_lookup USING (true)")
    # The owner is a member of that role, and is to see no more than before.
    op.execute(f"CREATE POLICY owner_too ON calls AS RESTRICTIVE TO CURRENT_USER USING ({REACHED})")
    connection.exec_driver_sql(SEARCH)
    op.execute("GRANT CREATE ON SCHEMA public TO aidial_lookup")
    op.execute(f"REVOKE ALL ON FUNCTION {SEARCH_FUNCTION} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {SEARCH_FUNCTION} TO aidial_app")
    op.execute(f"ALTER FUNCTION {SEARCH_FUNCTION} OWNER TO aidial_lookup")
    op.execute("REVOKE CREATE ON SCHEMA public FROM aidial_lookup")
