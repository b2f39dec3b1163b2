"""A good request of every row of the portal, and what it answers to somebody who is allowed.

The one thing a newcomer would get wrong: a new name in a path, or a new row under `/api/auth/`, must be told
here; until it is, the matrix fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from aidial_contract.access import Permission
from aidial_contract.headers import API_KEY
from aidial_contract.ids import new_id
from aidial_contract.scope import ScopeKind
from aidial_identity.tokens import issue_logout_token
from aidial_portal.design import assets
from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.keys import derive_keys
from aidial_portal.kernel.nextauth.names import cookie_names
from aidial_portal.kernel.route import Access, Kind, Precondition, Route
from tests.matrix.portal_visitors import Visitor, ask, papers_from, papers_of
from tests.matrix.records import export_to_fetch, give_unlock, own_record, version_of
from tests.people import FRONT_DESK, HARBOUR, NORTHSIDE_LINE
from tests.support.askers import Asker
from tests.support.deletions import new_deletion
from tests.support.exports import allow_another, new_export
from tests.support.holds import new_hold
from tests.support.recordings import given_address, ready_call
from tests.support.tickets import new_ticket
from tests.support.unlocks import new_unlock

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.portal import Page, Town

OK = 200
OF_NO_TENANT = {"incident_id", "background_job_id"}
CARD_SLASHES = 3
OWN_ADDRESS = "01930000-0000-7000-8000-00000000add5"
"""Stands for an address given to whoever asks: each session has its own."""
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Example:
    """A request of a row: its path with query, body and headers, and the status of its success."""

    path: str
    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)


def path_names(row: Route) -> tuple[str, ...]:
    """The names in the braces of a row's path."""
    return tuple(re.findall(r"\{([a-z_]+\*?)\}", row.path))


def record_name(row: Route) -> str:
    """The name in the path of the record a row is about, "" when it is about none."""
    names = path_names(row)
    is_one = row.scope.kind is ScopeKind.RECORD or not OF_NO_TENANT.isdisjoint(names)
    return names[-1] if is_one else ""


TAXONOMY: dict[str, Any] = {"outcomes": [], "resolutions": [], "call_types": []}
WEEK: dict[str, Any] = {day: [] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
PROFILE = {"display_name": "Front desk", "timezone": "Australia/Sydney"}
ENTITLEMENTS = {"recording_download": True, "api_key_management": True}
GOOD_BODY: dict[str, Callable[[], dict[str, Any]]] = {
    "api_keys.create": lambda: {"client_id": HARBOUR, "scope": "read", "description": "of the matrix"},
    "api_keys.revoke": dict,
    "auth.mfa_sms_enrol": lambda: {"mobile": "0412 345 678"},
    "workspace.profile.save": lambda: {"value": PROFILE},
    "workspace.transfer-routing.save": lambda: {"value": {"destinations": []}},
    "workspace.taxonomy.save": lambda: {"value": TAXONOMY},
    "workspace.publish": dict,
    "unlocks.create": new_unlock,
    "governance.save": lambda: {"value": {}},
    "entitlements.save": lambda: {"value": ENTITLEMENTS},
    "account_exports.create": lambda: new_export("users"),
    "deletions.create": new_deletion,
    "deletions.review": lambda: {"decision": "begin"},
    "governance.hold": new_hold,
    "call_views.save": lambda: {"views": [{"name": "Missed", "query": {"status": "missed"}}]},
    "support.create": new_ticket,
    "support.change": lambda: {"priority": "high"},
    "support.comment": lambda: {"body": "The matrix was here."},
    "billing.change_recipients": lambda: {"recipients": ["a@b.example"], "expected_version": 1},
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
    "ops.incidents.publish": lambda: {
        "severity": "minor",
        "title": "Of the matrix",
        "message": "Said by it.",
        "project_ids": [NORTHSIDE_LINE],
    },
    "ops.incidents.update": lambda: {"state": "identified", "message": "Said by the matrix."},
}
"""What a row takes, by its name; of one that changes a record without the version, which is added."""

_OF_HARBOUR = f"client_id={HARBOUR}"
GOOD_QUERY = {
    "settings.page": "section=profile",
    "calls.one": "",
    "calls.live": "seconds=0",
    "calls.export": f"project_id={FRONT_DESK}",
    "entitlements.page": _OF_HARBOUR,
    "entitlements.history_page": _OF_HARBOUR,
    "entitlements.show": _OF_HARBOUR,
    "entitlements.save": _OF_HARBOUR,
    "governance.show": _OF_HARBOUR,
    "governance.save": _OF_HARBOUR,
    "governance.history_page": _OF_HARBOUR,
    "governance.dry_run": _OF_HARBOUR,
    "governance.receipts": _OF_HARBOUR,
    "governance.holds": _OF_HARBOUR,
    "governance.release": _OF_HARBOUR,
    "deletions.review": _OF_HARBOUR,
    "deletions.reviews": _OF_HARBOUR,
    "api_keys.list": f"client_id={HARBOUR}",
    "call_views.show": f"client_id={HARBOUR}",
    "call_views.save": f"client_id={HARBOUR}",
    "api_keys.rotate": f"client_id={HARBOUR}",
    "api_keys.revoke": f"client_id={HARBOUR}",
    "billing.home": _OF_HARBOUR,
    "billing.usage": _OF_HARBOUR,
    "billing.usage_page": _OF_HARBOUR,
    "billing.invoices": _OF_HARBOUR,
    "billing.invoices_page": _OF_HARBOUR,
    "billing.invoice": _OF_HARBOUR,
    "billing.invoice_page": _OF_HARBOUR,
    "billing.invoice_pdf": _OF_HARBOUR,
}
"""Partners name the client they mean; to others it is theirs, or out of reach."""

FRONT_DESK_IN_BODY: frozenset[str] = frozenset({"support.create"})
"""Rows whose good body is about Harbour's front desk: 404 to those who do not reach it, once they may ask."""

GOOD_STATUS = {
    "billing.home": 302,
    "display.choose": 302,
    "ops.incidents.publish": 201,
    "billing.payment_portal": 201,
    "calls.one": 302,
    "sessions.revoke": 204,
    "sessions.revoke_one_of_client": 204,
    "api_keys.create": 201,
    "workspace.publish": 202,
    "api_keys.rotate": 201,
    "support.create": 201,
    "support.comment": 201,
    "unlocks.create": 201,
    "governance.hold": 201,
    "account_exports.create": 202,
    "deletions.create": 201,
    "settings.unknown": 404,
    "settings.unknown.save": 404,
    "errors.access_denied": 404,
    "errors.not_found": 404,
    "sign_in.start": 422,
}
"""Where success is not 200. Without a proof of its own form a sign-in shows the form again."""

NEXT_AUTH = {
    # next-auth says "misconfigured" to a path without an action.
    "auth.root.read": Example("/api/auth", 500),
    "auth.root": Example("/api/auth", 500),
    "auth.slash.read": Example("/api/auth/", 500),
    "auth.slash": Example("/api/auth/", 500),
    "auth.action.read": Example("/api/auth/providers"),
    "auth.action": Example("/api/auth/_log", body=b"{}", headers={"content-type": "application/json"}),
    "auth.provider.read": Example("/api/auth/callback/zitadel", 302),
    "auth.provider": Example("/api/auth/callback/zitadel", 302),
    "auth.signin.page": Example("/api/auth/signin/zitadel", 302),
    "auth.signin": Example("/api/auth/signin/zitadel", 302),
    "auth.backchannel_logout.read": Example("/api/auth/backchannel-logout", 400),
}
"""What npm's next-auth answers (tests/portal/nextauth compare the two), the same to everybody."""


async def example(town: Town, row: Route, **values: str) -> Example:
    """A good request about Harbour's first call; `values` are other ids."""
    if row.name in NEXT_AUTH:
        return NEXT_AUTH[row.name]
    if row.name == "auth.backchannel_logout":
        form = urlencode({"logout_token": logout_token(town, f"stranger-{new_id()}")}).encode()
        return Example("/api/auth/backchannel-logout", body=form, headers={"content-type": FORM})
    known = {
        "call_id": town.calls["front-1"],
        **({} if {"user_id", "user_session_id"}.isdisjoint(path_names(row)) else {"client_id": HARBOUR}),
        "session_id": new_id(),
        "section": "nothing-of-the-kind",
        "grant_id": OWN_ADDRESS,
        "version": assets.version(),
        "file*": assets.STYLESHEET,
        **values,
    }
    known = await _made_ready(town, row) | known
    record = record_name(row)
    if record and record not in known:
        known[record] = await own_record(town, record, row.name, writes=row.unsafe)
    path = row.path
    for name in path_names(row):
        assert name in known, f"{row.name}: tell tests/matrix/portal_requests.py what {{{name}}} is"
        path = path.replace(f"{{{name}}}", known[name])
    assert row.kind is not Kind.AUTH, f"{row.name}: tell tests/matrix/portal_requests.py what it answers"
    query = _joined(GOOD_QUERY.get(row.name, ""), values.get("query", ""))
    headers, body = {}, None
    if row.body.shape is not None:
        assert row.name in GOOD_BODY, f"{row.name}: tell tests/matrix/portal_requests.py what a good body is"
        said = GOOD_BODY[row.name]()
        if row.precondition is Precondition.EXPECTED_VERSION and record:
            said["expected_version"] = await version_of(town, record, known[record], row.name)
        headers, body = {"content-type": "application/json"}, msgspec.json.encode(said)
    elif row.body.media_types:
        assert row.name == "sign_in.start", f"{row.name}: tell tests/matrix/portal_requests.py its body"
        headers, body = {"content-type": FORM}, b"email=nobody"
    return Example(f"{path}?{query}" if query else path, GOOD_STATUS.get(row.name, 200), body, headers)


async def _made_ready(town: Town, row: Route) -> dict[str, str]:
    """What a good request needs to be there first; ids of what was made for it."""
    if row.name.startswith("recordings."):
        await ready_call(town, Asker(town.api.http, {API_KEY: town.keys[HARBOUR]}))
    if row.name == "account_exports.create":
        await allow_another(town)
    if row.name == "account_exports.download":
        return {"job_id": await export_to_fetch(town)}
    return {}


def _joined(good: str, other: str) -> str:
    """A query with another's parameters in place of its own of the same names."""
    return urlencode(dict(parse_qsl(good)) | dict(parse_qsl(other))) if good and other else good or other


def logout_token(town: Town, subject: str, sid: str = "V1_nobody") -> str:
    """A logout token as the issuer signs it."""
    provider = town.identity.provider
    return issue_logout_token(provider, provider.clients[town.identity.client_id], subject, sid)


async def send(town: Town, row: Route, visitor: Visitor, good: Example) -> Page:
    """The request, from a visitor's browser."""
    papers = await papers_of(town, visitor)
    headers = papers.headers(unsafe=row.unsafe) | good.headers
    path = good.path
    if OWN_ADDRESS in path and visitor.session == "live":
        purpose = "playback" if row.name == "recordings.play" else "download"
        session_id = _session_id(town, papers.cookies)
        path = path.replace(OWN_ADDRESS, await given_address(town, path.split("/")[3], session_id, purpose))
    return await ask(town, row.method, path, headers, good.body)


def _session_id(town: Town, cookies: dict[str, str]) -> str:
    """The session a browser's cookie is about."""
    names = cookie_names(town.settings.nextauth_url)
    claims = CookieCipher(derive_keys(town.settings.nextauth_secret, names).session).decode(
        cookies[names.session]
    )
    assert claims is not None
    return str(claims["session_id"])


async def send_good(town: Town, row: Route, visitor: Visitor) -> Page:
    """The row's good request; a row that ends a session gets one of the visitor's to end."""
    if row.permission is Permission.UNLOCKS_REVEAL and visitor.someone is not None:
        good = await example(town, row)
        await give_unlock(town, good.path.split("/pii-unlocks/")[1].split("/")[0], visitor.someone.email)
        return await send(town, row, visitor, good)
    if row.name != "sessions.revoke" or visitor.session != "live" or not has_sessions(visitor):
        return await send(town, row, visitor, await _as_it_is(town, row, visitor, await example(town, row)))
    assert visitor.someone is not None
    async with town.visitor(visitor.someone) as other:
        listed = (await other.get("/api/sessions")).json["sessions"]
        await papers_from(other)
        return await send(town, row, visitor, await example(town, row, session_id=listed[0]["session_id"]))


async def _as_it_is(town: Town, row: Route, visitor: Visitor, good: Example) -> Example:
    """The good change of a document everybody has one of: over their own version, and changing nothing."""
    if row.precondition is not Precondition.EXPECTED_VERSION or record_name(row) or visitor.session != "live":
        return good
    # A card of a section is saved beside the section's own address.
    is_card = good.path.startswith("/api/settings/") and good.path.count("/") > CARD_SLASHES
    path = good.path.rpartition("/")[0] if is_card else good.path
    now = await ask(town, "GET", path, (await papers_of(town, visitor)).headers(unsafe=False))
    if now.status != OK:
        return good
    said = {**msgspec.json.decode(good.body or b"{}"), "expected_version": now.json["version"]}
    if now.json.get("mode") == "edit":
        working = now.json["working"]
        said["value"] = {name: working[name] for name in said["value"]} if is_card else working
    return replace(good, body=msgspec.json.encode(said))


def has_sessions(visitor: Visitor) -> bool:
    """Whether somebody manages their own sessions: client roles with an assignment."""
    return visitor.assigned and visitor.someone is not None and visitor.someone.role.startswith("client_")


def is_public(row: Route) -> bool:
    """Whether a row answers without a session."""
    return row.access is Access.PUBLIC
