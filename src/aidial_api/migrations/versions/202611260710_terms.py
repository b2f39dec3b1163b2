"""The values that calls of a project may have, as published, and what a call's own word is among them."""

from alembic import op

revision = "202611260710"
down_revision = "202611260700"
branch_labels = None
depends_on = None

REACHED = (
    "client_id = any((select string_to_array("
    "nullif(current_setting('app.client_ids', true), ''), ','))::text[])"
)

TABLE = f"""
CREATE TABLE project_terms (
    client_id  text COLLATE "C" NOT NULL,
    project_id uuid NOT NULL,
    kind       text COLLATE "C" NOT NULL CHECK (kind IN ('outcome', 'resolution', 'call_type')),
    code       text COLLATE "C" NOT NULL CHECK (length(code) BETWEEN 1 AND 80),
    label      text NOT NULL CHECK (length(label) BETWEEN 1 AND 80),
    place      integer NOT NULL CHECK (place >= 0),
    PRIMARY KEY (client_id, project_id, kind, code),
    FOREIGN KEY (client_id, project_id) REFERENCES projects
);
ALTER TABLE project_terms ENABLE ROW LEVEL SECURITY;
ALTER TABLE project_terms FORCE ROW LEVEL SECURITY;
CREATE POLICY reached ON project_terms USING ({REACHED}) WITH CHECK ({REACHED});
GRANT SELECT, INSERT, DELETE ON project_terms TO aidial_app;
"""

# With the rights of whoever writes the call. A code, or a label in any case; without terms, the word itself.
CLASSIFIED = """
CREATE FUNCTION classified(of_client text, of_project uuid, of_kind text, said text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE
        WHEN said IS NULL OR said = 'unclassified' THEN said
        WHEN NOT EXISTS (SELECT FROM public.project_terms t WHERE t.client_id = of_client
                         AND t.project_id = of_project AND t.kind = of_kind) THEN said
        ELSE coalesce((SELECT t.code FROM public.project_terms t WHERE t.client_id = of_client
                       AND t.project_id = of_project AND t.kind = of_kind
                       AND (t.code = said OR lower(t.label) = lower(said))
                       ORDER BY (t.code = said) DESC, t.place LIMIT 1), 'unclassified')
        END
$$;
REVOKE ALL ON FUNCTION classified(text, uuid, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION classified(text, uuid, text, text) TO aidial_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().exec_driver_sql(TABLE)
    op.get_bind().exec_driver_sql(CLASSIFIED)
