"""What nearly all calls lack is counted in the index of starts; calls of a few seconds have a class."""

from alembic import op

revision = "202611262150"
down_revision = "202611261910"
branch_labels = None
depends_on = None

# Nearly all calls have no transfer and no follow-up: an index of those alone is as large as that of starts.
# That one holds instead whether they do, in columns of their own, for what stands in an index is used without
# a look at the calls only where it is a column. They come before the text and the number, where they cost no
# byte: an entry is a multiple of eight.
COLUMNS = """
ALTER TABLE calls
    ADD COLUMN has_transfer boolean GENERATED ALWAYS AS (transfer IS NOT NULL) STORED,
    ADD COLUMN has_follow_up boolean GENERATED ALWAYS AS (follow_up IS NOT NULL) STORED
"""
LENGTHS_S = (10, 15, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 3600)
LENGTH_CLASS = (
    "CASE"
    + "".join(f" WHEN duration_seconds < {end} THEN {at}" for at, end in enumerate(LENGTHS_S))
    + f" ELSE {len(LENGTHS_S)} END"
)
ORDER = "started_at DESC, call_id DESC"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Dropped first: adding the columns writes the table and each of its indexes anew.
    op.execute("DROP INDEX calls_by_start")
    op.execute("DROP INDEX calls_by_length")
    op.execute(COLUMNS)
    op.execute(
        f"CREATE INDEX calls_by_start ON calls (client_id, project_id, {ORDER})"
        " INCLUDE (has_transfer, has_follow_up, status, duration_seconds)"
    )
    op.execute(
        f"CREATE INDEX calls_by_length ON calls (client_id, project_id, ({LENGTH_CLASS}), {ORDER})"
        " INCLUDE (duration_seconds, status) WHERE duration_seconds IS NOT NULL"
    )
