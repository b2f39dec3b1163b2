"""Calls are counted in the indexes alone: also those without something, and by the commonest two filters."""

from alembic import op

revision = "202611261910"
down_revision = "202611261700"
branch_labels = None
depends_on = None

# As in 202611260890, with the columns behind the order that `surfaces/calls/ways.py` says each index holds:
# an index that has all that is asked for is counted without a look at the calls. An outcome shares its index
# with the caller's sentiment, as the status does.
LENGTHS_S = (15, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 3600)
LENGTH_CLASS = (
    "CASE"
    + "".join(f" WHEN duration_seconds < {end} THEN {at}" for at, end in enumerate(LENGTHS_S))
    + f" ELSE {len(LENGTHS_S)} END"
)
BY_VALUE = {
    "calls_by_outcome": ("outcome, sentiment_caller", "status, resolution", ""),
    "calls_by_channel": ("channel, direction", "status", ""),
    "calls_by_length": (f"({LENGTH_CLASS})", "duration_seconds, status", "duration_seconds IS NOT NULL"),
}
WITH = {
    "attention": ("attention_flag", "status, sentiment_caller"),
    "booking": ("booking IS NOT NULL", "status, call_type"),
    "follow_up": ("follow_up IS NOT NULL", "status, resolution"),
}
WITHOUT = {
    "attention": "NOT attention_flag",
    "booking": "booking IS NULL",
    "transfer": "transfer IS NULL",
    "follow_up": "follow_up IS NULL",
}
SCOPE = "ON calls (client_id, project_id, started_at DESC, call_id DESC)"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, (columns, held, condition) in BY_VALUE.items():
        only = f" WHERE {condition}" if condition else ""
        op.execute(f"DROP INDEX {name}")
        op.execute(
            f"CREATE INDEX {name} ON calls (client_id, project_id, {columns}, started_at DESC, call_id DESC)"
            f" INCLUDE ({held}){only}"
        )
    for name, (condition, held) in WITH.items():
        op.execute(f"DROP INDEX calls_with_{name}")
        op.execute(f"CREATE INDEX calls_with_{name} {SCOPE} INCLUDE ({held}) WHERE {condition}")
    for name, condition in WITHOUT.items():
        op.execute(f"CREATE INDEX calls_without_{name} {SCOPE} WHERE {condition}")
