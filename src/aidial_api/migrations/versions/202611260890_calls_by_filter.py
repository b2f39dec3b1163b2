"""An index of calls for each filter, in the list's order."""

from alembic import op

revision = "202611260890"
down_revision = "202611260810"
branch_labels = None
depends_on = None

# Each leads with the tenant and the project and ends with the list's order, so that a page of any one value
# is a range of its index, wherever the value is rare. Columns of few values share one: a list that asks for
# one of them walks a range for each value of the other.
BY_VALUE = {
    "calls_by_status": ("status, sentiment_caller", ""),
    "calls_by_channel": ("channel, direction", ""),
    "calls_by_outcome": ("outcome", ""),
    "calls_by_resolution": ("resolution", "resolution IS NOT NULL"),
    "calls_by_type": ("call_type", "call_type IS NOT NULL"),
    "calls_by_agent": ("agent_id", "agent_id IS NOT NULL"),
    "calls_by_sms_status": ("sms_status", "sms_status IS NOT NULL"),
    "calls_by_email_status": ("email_status", "email_status IS NOT NULL"),
}
BY_PRESENCE = {
    "calls_with_attention": "attention_flag",
    "calls_with_booking": "booking IS NOT NULL",
    "calls_with_transfer": "transfer IS NOT NULL",
    "calls_with_follow_up": "follow_up IS NOT NULL",
}
# Classes of durations, as `aidial_api.surfaces.calls.ways` asks for them: a range of lengths in the order of
# starts is a handful of ranges. A CASE of comparisons, because a function would not be leakproof, and under
# a policy an index of it would not be used.
LENGTHS_S = (15, 30, 45, 60, 90, 120, 180, 300, 600, 1200, 3600)
LENGTH_CLASS = (
    "CASE"
    + "".join(f" WHEN duration_seconds < {end} THEN {at}" for at, end in enumerate(LENGTHS_S))
    + f" ELSE {len(LENGTHS_S)} END"
)
ORDER = "started_at DESC, call_id DESC"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, (columns, condition) in BY_VALUE.items():
        only = f" WHERE {condition}" if condition else ""
        op.execute(f"CREATE INDEX {name} ON calls (client_id, project_id, {columns}, {ORDER}){only}")
    for name, condition in BY_PRESENCE.items():
        op.execute(f"CREATE INDEX {name} ON calls (client_id, project_id, {ORDER}) WHERE {condition}")
    op.execute(
        f"CREATE INDEX calls_by_length ON calls (client_id, project_id, ({LENGTH_CLASS}), {ORDER})"
        " INCLUDE (duration_seconds) WHERE duration_seconds IS NOT NULL"
    )
