"""The activity log on the wire: who did what, when, to what, with which result. `product.md` section 8.

The one thing a newcomer would get wrong: what a reader's role may not see is named in `restricted` and null
in its place; it is never left out without a word.
"""

from __future__ import annotations

from typing import Final, Literal

from aidial_contract.audit_actions import SENSITIVE_READS
from aidial_contract.shapes.common import JsonObject, Outgoing, Time, Uuid

ActorKind = Literal["user", "key", "service", "system"]
SYSTEM: Final = "system"
"""The id of everything that AiDial did by itself."""

OUTCOMES: Final = ("done", "refused", "failed")
PRESETS: Final[dict[str, tuple[str, ...]]] = {
    "settings": ("settings.", "projects.", "workspace.", "campaigns.", "integrations.", "reports."),
    "support": ("support.", "status.", "ops.jobs.retried"),
    "security": (
        "sessions.",
        "api_keys.",
        "service_accounts.",
        "team.",
        "users.",
        "clients.",
        "audit.",
        "settings.ip_allowlist.",
        "settings.session_policy.",
    ),
    "billing": ("billing.", "entitlements."),
    "calls": ("calls.", "recordings."),
    "privacy": (
        "unlocks.",
        "recordings.",
        "calls.exported",
        "calls.transcript.",
        "account_exports.",
        "deletions.",
        "governance.",
        "settings.compliance_copy.",
    ),
    "sensitive_reads": SENSITIVE_READS,
}
"""Areas of the business, each by what its actions begin with. An action may belong to several."""


class AuditActor(Outgoing):
    """Who did it. `id` is a person's, key's or service account's, or `system`; `label` e-mail or name."""

    kind: ActorKind
    id: str | None
    label: str | None


class AuditTarget(Outgoing):
    """What it was done to, such as `call` and its id."""

    kind: str | None
    id: str | None


class AuditTechnical(Outgoing):
    """Details for whoever looks into it. `restricted` names the members that this reader may not see.

    `policy` is the permission by which it was allowed and how much of it was held, such as
    `calls.export (metadata)`; null for what nobody asked for.
    """

    request_id: str | None
    policy: str | None
    source_ip: str | None
    metadata: JsonObject | None
    restricted: list[Literal["source_ip", "metadata"]]


class AuditEvent(Outgoing):
    """One event. `action` is `<surface>.<what>.<verb>`; `why` a reason as a code or in words."""

    event_id: Uuid
    at: Time
    actor: AuditActor
    action: str
    target: AuditTarget
    outcome: str
    project_id: Uuid | None
    why: str | None
    technical: AuditTechnical


class AuditEventList(Outgoing):
    """`GET /v1/audit-events`, newest first.

    A page looks at a bounded stretch of the log, so one that is filtered may hold fewer events than asked
    for, or none, and still have a `next_cursor`. The log ends where `next_cursor` is null.
    """

    events: list[AuditEvent]
    next_cursor: str | None


class AuditActorChoice(Outgoing):
    """Somebody the log can be narrowed to."""

    id: str
    label: str
    kind: ActorKind


class AuditActorList(Outgoing):
    """`GET /v1/audit-events/actors`: the tenant's people, and whoever else acted lately."""

    actors: list[AuditActorChoice]
