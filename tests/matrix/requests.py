"""A good request of every row: what a row would answer well to, were the asker allowed.

The one thing a newcomer would get wrong: a new row or a new name in a path must be added here, and until it
is, the matrix fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aidial_api.kernel.route import Precondition, Route
from aidial_contract.access import INTERNAL_ROLES, PARTNER_ROLES, Permission
from aidial_contract.ids import new_id
from aidial_contract.scope import ScopeKind
from tests.matrix.records import export_to_fetch, give_unlock, own_record, version_of
from tests.people import FRONT_DESK, HARBOUR
from tests.support.api import World
from tests.support.askers import Answer, Asker, SignedIn
from tests.support.deletions import new_deletion
from tests.support.exports import allow_another, new_export
from tests.support.holds import new_hold
from tests.support.recordings import given_address, ready_call, wav
from tests.support.tickets import new_ticket
from tests.support.unlocks import new_unlock
from tests.support.world_calls import new_call

OK = 200
TAXONOMY: dict[str, Any] = {"outcomes": [], "resolutions": [], "call_types": []}
WEEK: dict[str, Any] = {day: [] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
PROFILE = {"display_name": "Front desk", "timezone": "Australia/Sydney"}
ENTITLEMENTS = {"recording_download": True, "api_key_management": True}


@dataclass(frozen=True, slots=True)
class Target:
    """What a request is about: `path` fills the braces, `query` is added, `project_id` goes into bodies."""

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    project_id: str = FRONT_DESK
    client_id: str = HARBOUR


def path_names(row: Route) -> tuple[str, ...]:
    """The names in the braces of a row's path."""
    return tuple(part[1:-1] for part in row.path.split("/") if part.startswith("{"))


def is_of_incident(row: Route) -> bool:
    """Whether a row is about an incident: no tenant's record, though only some tenants see it."""
    return "incident_id" in path_names(row)


def is_of_job(row: Route) -> bool:
    """Whether a row is about a background job: no tenant's record, and only AiDial's people see it."""
    return "background_job_id" in path_names(row)


def record_name(row: Route) -> str:
    """The name in the path of the record a row is about, "" when it is about none."""
    is_one = row.scope is ScopeKind.RECORD or is_of_incident(row) or is_of_job(row)
    return path_names(row)[-1] if is_one else ""


async def good_target(world: World, row: Route, asker: Asker, **given: str) -> Target:
    """Harbour's front desk, its first call and records, one's own session; or what is `given` by name."""
    known: dict[str, str] = {
        "client_id": HARBOUR,
        "project_id": FRONT_DESK,
        "call_id": world.calls["front-1"],
        "session_id": asker.session_id if isinstance(asker, SignedIn) else new_id(),
    }
    if row.name == "calls.append_turns":
        known["call_id"] = await _live_call(world)
    record = record_name(row)
    if record and record not in given:
        known[record] = await own_record(world, record, row.name, writes=row.writes)
    if row.name == "account_exports.create":
        await allow_another(world)
    if row.name == "account_exports.download" and record not in given:
        known["job_id"] = await export_to_fetch(world)
    known |= given
    if row.permission is Permission.UNLOCKS_REVEAL and isinstance(asker, SignedIn) and not given:
        await give_unlock(world, known["unlock_id"], asker.someone.email)
    if row.name.startswith("recordings."):
        await ready_call(world, world.harbour_manage)
    if "grant_id" in path_names(row):
        purpose = "playback" if row.name == "recordings.play" else "download"
        session_id = known["session_id"]
        known["grant_id"] = await given_address(world, known["call_id"], session_id, purpose)
    for name in path_names(row):
        assert name in known, f"{row.name}: tell tests/matrix/requests.py what {{{name}}} is"
    path = {name: known[name] for name in path_names(row)}
    named = {"client_id": HARBOUR} if must_name_client(row, asker) else {}
    return Target(path, named | chosen(row) | briefly(row))


async def _live_call(world: World) -> str:
    call = new_call(FRONT_DESK, f"matrix-{new_id()}", status="live", ended_at=None, end_reason=None)
    answer = await world.harbour_manage.post("/v1/calls", call)
    return str(answer.json["call_id"])


def chosen(row: Route) -> dict[str, str]:
    """The project, for rows whose query has to choose one."""
    return {"project_id": FRONT_DESK} if any(param.chosen for param in row.query) else {}


def briefly(row: Route) -> dict[str, str]:
    """No time, for rows that would go on."""
    return {"seconds": "0"} if any(param.name == "seconds" for param in row.query) else {}


def must_name_client(row: Route, asker: Asker) -> bool:
    """Whether somebody says in the query which client they mean: internal roles wherever a row takes it."""
    role = asker.someone.role if isinstance(asker, SignedIn) else None
    takes = any(param.name == "client_id" for param in row.query)
    return takes and (role in INTERNAL_ROLES or (row.names_client and role in PARTNER_ROLES))


def good_body(
    world: World, row: Route, asker: Asker, project_id: str = FRONT_DESK, client_id: str = HARBOUR
) -> Any:
    """What the row takes, None when it takes nothing."""
    if row.receives is not None:
        return wav(0.1)
    if row.body is None:
        return None
    bodies: dict[str, Callable[[], Any]] = {
        "calls.create": lambda: new_call(project_id, f"matrix-{new_id()}"),
        "tickets.create": lambda: new_ticket(project_id),
        "tickets.change": lambda: {"priority": "high"},
        "tickets.comment": lambda: {"body": "The matrix was here."},
        "calls.change": lambda: {"resolution": "matrix"},
        "calls.append_turns": lambda: {"turns": [{"speaker": "caller", "text": "The matrix was here."}]},
        "api_keys.create": lambda: {"client_id": client_id, "scope": "read", "description": "matrix"},
        "api_keys.revoke": dict,
        "workspace.profile.save": lambda: {"value": PROFILE},
        "workspace.transfer-routing.save": lambda: {"value": {"destinations": []}},
        "workspace.taxonomy.save": lambda: {"value": TAXONOMY},
        "workspace.publish": dict,
        "account_exports.create": lambda: new_export("users"),
        "deletions.create": new_deletion,
        "deletions.review": lambda: {"decision": "begin"},
        "unlocks.create": new_unlock,
        "governance.save": lambda: {"value": {}},
        "entitlements.save": lambda: {"value": ENTITLEMENTS},
        "governance.hold": lambda: new_hold(client_id),
        "call_views.save": lambda: {"views": [{"name": "Missed", "query": {"status": "missed"}}]},
        "billing.payment_portal": lambda: {"return_url": "https://portal.example/billing"},
        "billing.change_recipients": lambda: {"recipients": ["accounts@harbour.example"]},
        "sessions.create": lambda: {"id_token": _id_token(world, asker), "device_label": "The matrix"},
        "sessions.sign_out": dict,
        "sessions.enrol_sms": lambda: {"mobile": "0412 345 678"},
        "sessions.store_tokens": lambda: {"expected_generation": 0, "tokens": "sealed"},
        "settings.tenant_settings.save": lambda: {"value": {"timezone": "UTC", "regional_format": "en-AU"}},
        "settings.notifications.save": lambda: {
            "value": {
                "email_transcript": {"enabled": False, "mask": True, "recipients": []},
                "sms_summary": {"enabled": False, "recipients": []},
            }
        },
        "settings.reports.save": lambda: {"value": {"monthly_summary": {"enabled": False, "recipients": []}}},
        "settings.business_hours.weekly.save": lambda: {"value": {"weekly": WEEK}},
        "settings.business_hours.public_holidays.save": lambda: {
            "value": {"mode": "close", "calendar": "AU-NSW"}
        },
        "settings.business_hours.special_days.save": lambda: {"value": {"days": []}},
        "profile.save": lambda: {"value": {"first_name": "Of", "last_name": "the matrix"}},
        "settings.call_limits.save": lambda: {
            "value": {"greeting": "Hello.", "interruptible": True, "max_duration_minutes": 15}
        },
        "settings.compliance_copy.save": lambda: {
            "value": {"template_revision": "recorded.1", "appendix": "Thank you."}
        },
        "settings.transfer_settings.save": lambda: {"value": {"after_hours": False}},
        "settings.transfer_alerts.save": lambda: {"value": {"alerts": {}}},
        "settings.session_policy.save": lambda: {"value": {}},
        "settings.ip_allowlist.save": lambda: {"value": {"enabled": False, "entries": []}},
        "incidents.create": lambda: {
            "severity": "minor",
            "title": "Of the matrix",
            "message": "Said by it.",
            "project_ids": [project_id],
        },
        "incidents.change": lambda: {"state": "identified", "message": "Said by the matrix."},
        "sessions.backchannel_logout": lambda: {"logout_token": world.issuer.logout_token("a-stranger")},
    }
    assert row.name in bodies, f"{row.name}: tell tests/matrix/requests.py what a good body is"
    return bodies[row.name]()


def _id_token(world: World, asker: Asker) -> str:
    if isinstance(asker, SignedIn):
        return world.id_token(asker.someone)
    return world.issuer.id_token("stranger-of-harbour-dental", "stranger@harbour-dental.example")


def good_status(row: Route) -> int:
    """What the row answers when all is well: the first of its answers."""
    status: int = next(iter(row.answers))
    return status


async def send(
    world: World, row: Route, asker: Asker, target: Target, *, headers: dict[str, str] | None = None
) -> Answer:
    """The row's good request about a target."""
    path = row.path.format(**target.path)
    if target.query:
        path += "?" + "&".join(f"{name}={value}" for name, value in target.query.items())
    sent = {"if-match": "*"} if row.precondition is Precondition.IF_MATCH else {}
    if row.receives is not None:
        sent["content-type"] = "audio/wav"
    body = good_body(world, row, asker, target.project_id, target.client_id)
    if row.precondition is Precondition.EXPECTED_VERSION and record_name(row):
        name = record_name(row)
        body = {**body, "expected_version": await version_of(world, name, target.path[name], row.name)}
    elif row.precondition is Precondition.EXPECTED_VERSION:
        body |= await _as_it_is(asker, path)
    return await asker.ask(row.method, path, body, headers={**sent, **(headers or {})})


async def _as_it_is(asker: Asker, path: str) -> dict[str, Any]:
    """What a save needs that changes nothing: the version, and the value somebody sees who may save it."""
    now = await asker.get(path)
    if now.status != OK:
        return {"expected_version": 1}
    known = now.json
    kept = {"value": known["working"]} if known.get("mode") == "edit" else {}
    return {"expected_version": known["version"], **kept}
