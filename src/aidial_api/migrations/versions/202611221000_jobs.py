"""The queue of background jobs, in a schema of its own."""

from pathlib import Path

from alembic import op

revision = "202611221000"
down_revision = "202611220930"
branch_labels = None
depends_on = None

QUEUE = Path(__file__).resolve().parent.parent / "sql" / "procrastinate_3_10_0.sql"

# The functions name their tables without a schema: each is told where they are, so that a request's own
# connection can enqueue whatever its search path is.
RIGHTS = """
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT p.oid::regprocedure AS name FROM pg_proc p WHERE p.pronamespace = 'jobs'::regnamespace
    LOOP
        EXECUTE 'ALTER FUNCTION ' || one.name || ' SET search_path = jobs, pg_temp';
        EXECUTE 'REVOKE ALL ON FUNCTION ' || one.name || ' FROM PUBLIC';
        EXECUTE 'GRANT EXECUTE ON FUNCTION ' || one.name || ' TO aidial_app';
    END LOOP;
END $$;
REVOKE ALL ON SCHEMA jobs FROM PUBLIC;
GRANT USAGE ON SCHEMA jobs TO aidial_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA jobs TO aidial_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO aidial_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    connection = op.get_bind()
    connection.exec_driver_sql("CREATE SCHEMA jobs")
    path = connection.exec_driver_sql("SHOW search_path").scalar_one()
    connection.exec_driver_sql("SET LOCAL search_path = jobs")
    # Sent without parameters: a per cent sign would be read as a place for one.
    connection.exec_driver_sql(QUEUE.read_text(encoding="utf-8").replace("%", "%%"))
    connection.exec_driver_sql("SELECT set_config('search_path', %s, true)", (path,))
    connection.exec_driver_sql(RIGHTS)
