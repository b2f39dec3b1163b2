"""Calls are counted in the indexes alone: also those without something, and by the commonest two filters."""

from alembic import op

revision = "202611261910"
down_revision = "202611261700"
branch_labels = None
depends_on = None

# As in 202611260890, with the columns behind the order that `surfaces/calls/ways.py` says each index holds:
# an index that has all that is asked for is counted without a look at the calls. An outcome shares its index
# with the caller's sentiment, as the status does. None is of the calls without a transfer or a follow-up, for
# those are nearly all, and hardly anybody asks for them: a thirtieth of the disk. That by the start no longer
# holds outcome and sentiment, or the planner counts an outcome in it, past all other calls.
LENGTHS_S = (15, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 3600)
LENGTH_CLASS = (
    "CASE"
    + "".join(f" WHEN duration_seconds < {end} THEN {at}" for at, end in enumerate(LENGTHS_S))
    + f" ELSE {len(LENGTHS_S)} END"
)
BY_VALUE = {
    "calls_by_outcome": ("outcome, sentiment_caller", "resolution", ""),
    "calls_by_channel": ("channel, direction", "status", ""),
    "calls_by_length": (f"({LENGTH_CLASS})", "duration_seconds, status", "duration_seconds IS NOT NULL"),
}
WITH = {
    "calls_with_attention": ("attention_flag", "sentiment_caller"),
    "calls_with_booking": ("booking IS NOT NULL", "call_type"),
    "calls_with_follow_up": ("follow_up IS NOT NULL", "resolution"),
}
WITHOUT = {
    "calls_without_attention": "NOT attention_flag",
    "calls_without_booking": "booking IS NULL",
}
ORDER = "started_at DESC, call_id DESC"
SCOPE = f"ON calls (client_id, project_id, {ORDER})"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, (columns, held, condition) in BY_VALUE.items():
        only = f" WHERE {condition}" if condition else ""
        op.execute(
            f"CREATE INDEX new_{name} ON calls (client_id, project_id, {columns}, {ORDER})"
            f" INCLUDE ({held}){only}"
        )
    for name, (condition, held) in WITH.items():
        op.execute(f"CREATE INDEX new_{name} {SCOPE} INCLUDE ({held}) WHERE {condition}")
    for name, condition in WITHOUT.items():
        op.execute(f"CREATE INDEX {name} {SCOPE} WHERE {condition}")
    op.execute(f"CREATE INDEX new_calls_by_start {SCOPE} INCLUDE (status, duration_seconds)")
    # Last: whoever drops one first lets nobody read a call until all the others are whole.
    for name in (*BY_VALUE, *WITH, "calls_by_start"):
        op.execute(f"DROP INDEX {name}")
        op.execute(f"ALTER INDEX new_{name} RENAME TO {name}")
