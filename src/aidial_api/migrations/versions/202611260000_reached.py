"""A list reads its reach and its page in one statement."""

from alembic import op

revision = "202611260000"
down_revision = "202611251050"
branch_labels = None
depends_on = None

# It says nothing a caller does not know: it sets what BEGIN would set, with the caller's own rights, for as
# long as the statement's transaction lasts, and gives back the projects it was given. In plpgsql, so that it
# has run to its end before what is joined to its rows is read.
REACHED = """
CREATE FUNCTION reached(clients_in_reach text, actor text, partner_org text, clients text[], projects uuid[],
                        sinces timestamptz[], untils timestamptz[])
RETURNS TABLE (client_id text, project_id uuid, since timestamptz, until timestamptz)
LANGUAGE plpgsql VOLATILE ROWS 4 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('app.client_ids', clients_in_reach, true), set_config('app.actor_id', actor, true),
            set_config('app.partner_org_id', partner_org, true);
    RETURN QUERY SELECT * FROM unnest(clients, projects, sinces, untils);
END $$;
REVOKE ALL ON FUNCTION reached FROM public;
GRANT EXECUTE ON FUNCTION reached TO aidial_app;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(REACHED)


def downgrade() -> None:
    op.execute("DROP FUNCTION reached")
