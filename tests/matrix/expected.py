"""What the contract says a row answers to an asker, step by step of its section 4.

The one thing a newcomer would get wrong: nothing here may come from the guard. It is the text of the
contract and the role table once more, so that the two can disagree.
"""

from __future__ import annotations

from aidial_api.kernel.route import Access, AuthMode, Route, SessionNeed
from aidial_contract.access import (
    GRANTS,
    INTERNAL_ROLES,
    KEY_GRANTS,
    KEY_SCOPE_ORDER,
    PARTNER_ROLES,
    KeyScope,
    Permission,
    Role,
)
from aidial_contract.scope import ScopeKind
from tests.matrix.askers import STRANGER, Kind
from tests.matrix.requests import chosen, good_status, is_of_incident
from tests.people import FRONT_DESK, HARBOUR

_SESSION_CODES = {
    "live": "",
    "none": "session_missing",
    "revoked": "session_revoked",
    "another's": "session_invalid",
}
SECOND_FACTOR_FOR = {Role.PARTNER_ADMIN, Role.AIDIAL_ADMIN, Role.AIDIAL_OPERATOR}


def expected(row: Route, kind: Kind) -> tuple[int, str]:
    """Status and error code ("" for a success) of the row's good request about Harbour's front desk."""
    done = good_status(row), ""
    if row.access is Access.PUBLIC:
        return done
    if kind.refused and not (kind.late and row.takes_expired_token):
        return 401, kind.refused
    if kind.machine is not None:
        return _of_key(row, kind) or done
    return _of_person(row, kind) or done


def _of_key(row: Route, kind: Kind) -> tuple[int, str] | None:
    assert kind.machine is not None
    if row.auth is AuthMode.BEARER:
        return 403, "auth_mode_not_allowed"
    least = KEY_GRANTS.get(row.permission) if row.permission else None
    if least is None or KEY_SCOPE_ORDER[KeyScope(kind.machine.scope)] < KEY_SCOPE_ORDER[least]:
        return 403, "scope_insufficient"
    if about_harbour(row) and kind.machine.client_id != HARBOUR:
        return 404, "not_found"
    return None


def _of_person(row: Route, kind: Kind) -> tuple[int, str] | None:
    someone = kind.someone
    assert someone is not None
    if row.auth is AuthMode.KEY:
        return 403, "auth_mode_not_allowed"
    session_code = _SESSION_CODES[kind.session]
    if session_code and (kind.session != "none" or row.session is SessionNeed.REQUIRED):
        return 401, session_code
    if row.name == "sessions.create" and someone is STRANGER:
        return 404, "not_found"
    if row.access is not Access.PENDING:
        return _of_role(row, kind)
    own = row.permission is None or row.permission is Permission.SESSION_OWN
    return None if own or (kind.assigned and holds(row, someone.role)) else (404, "not_found")


def _of_role(row: Route, kind: Kind) -> tuple[int, str] | None:
    someone = kind.someone
    assert someone is not None
    assert row.permission is not None
    allowed = kind.assigned and holds(row, someone.role)
    proven = someone.role not in SECOND_FACTOR_FOR or kind.has_shown_second_factor
    if not allowed or not proven or not _reaches(row, kind):
        return 404, "not_found"
    return None


def holds(row: Route, role: Role) -> bool:
    """Whether the role table gives a role what the row asks for."""
    assert row.permission is not None
    return any(role in GRANTS[one] for one in (row.permission, row.or_permission) if one is not None)


def about_harbour(row: Route, role: Role | None = None) -> bool:
    """Whether the row's good request is about something of Harbour's front desk, not whatever one reaches."""
    says_which = row.names_client and role in PARTNER_ROLES
    named = row.find_body is not None or row.body_names_client or says_which or bool(chosen(row))
    return row.scope in {ScopeKind.CALL, ScopeKind.RECORD} or is_of_incident(row) or named


def _reaches(row: Route, kind: Kind) -> bool:
    """Lists show what one reaches; what is Harbour's front desk's is for those who reach that.

    Internal roles name the client, and reach it by that.
    """
    someone = kind.someone
    assert someone is not None
    if not about_harbour(row, someone.role) or someone.role in INTERNAL_ROLES:
        return True
    return bool({(HARBOUR, None), (HARBOUR, FRONT_DESK)} & set(someone.projects))
