"""`docs/roles.md`: who may do what, drawn from the grants, and what each route asks for.

The one thing a newcomer would get wrong: an empty cell is not a 403. It is the same 404 as a thing that does
not exist.
"""

from __future__ import annotations

from docs_text import code, table
from docs_text import page as whole_page

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.routes import TABLE
from aidial_contract.access import (
    GRANTS,
    KEY_GRANTS,
    MFA_MANDATORY_ROLES,
    Level,
    Permission,
    Role,
)
from aidial_portal.kernel.route import Access as PortalAccess
from aidial_portal.kernel.route import Route as PortalRoute
from aidial_portal.routes import all_rows

LEVELS: dict[Level, str] = {
    Level.FULL: "the whole thing",
    Level.MASKED: "callers' numbers are masked (`+61 ... 678`)",
    Level.METADATA: "no sensitive columns",
    Level.METADATA_MASKED: "no sensitive columns, callers' numbers masked",
    Level.SUMMARY: "a smaller document",
    Level.POLICY: "where the tenant's policy and entitlements allow it",
    Level.POLICY_AND_SETTING: "where policy and the tenant's staff setting allow it",
    Level.HISTORY: "the delivery history only",
}

INTRODUCTION = """\
A person has one role. Clients' roles belong to one tenant and see its assigned projects, partners' roles
see the clients and projects assigned to them, AiDial's own roles run the platform and see no calls. Role,
tenant and assignments come from the database, never from a token.

A cell that says `-` is a 404, byte for byte the one for a thing that does not exist."""


def page() -> str:
    """The whole page."""
    mandatory = ", ".join(code(role) for role in Role if role in MFA_MANDATORY_ROLES)
    return whole_page(
        "Roles",
        INTRODUCTION,
        f"A second factor is mandatory for {mandatory}. A tenant's or person's policy can ask it of others.",
        "## Permissions",
        _permissions(),
        "What the words mean:",
        table(("Level", "Meaning"), ((code(level), LEVELS[level]) for level in Level)),
        "## API keys",
        "A key belongs to one tenant. Its scope is `read`, `manage` or `admin`; a stronger one holds what "
        "the weaker holds. A permission that is not listed is never a key's; keys cannot make, rotate or "
        "revoke keys. A key whose scope is too weak gets 403 "
        "[`scope_insufficient`](errors.md#scope_insufficient).",
        table(
            ("Permission", "Least scope"),
            ((code(permission), code(scope)) for permission, scope in KEY_GRANTS.items()),
        ),
        "Keys and people without the level `full` read callers' numbers masked.",
        "## Routes of the API",
        table(("Route", "Permission", "Who"), (_api_row(row) for row in _sorted_api())),
        "## Routes of the portal",
        "A row marked *before assignment* asks for a session only: no active assignment, no second factor. "
        "Browsers sign in; an API key or a bearer token from a browser is refused with 403 "
        "[`browser_credential_rejected`](errors.md#browser_credential_rejected).",
        table(("Route", "Permission", "Who"), (_portal_row(row) for row in _sorted_portal())),
    )


def _permissions() -> str:
    rows = ((code(permission), *_cells(permission)) for permission in Permission)
    return table(("Permission", *(code(role) for role in Role)), rows)


def _cells(permission: Permission) -> list[str]:
    levels = (GRANTS[permission].get(role) for role in Role)
    return ["-" if level is None else "yes" if level is Level.FULL else str(level) for level in levels]


def _who(permission: Permission) -> list[str]:
    held = GRANTS[permission]
    if len(held) == len(Role):
        return ["every role"]
    return [code(role) + ("" if level is Level.FULL else f" ({level})") for role, level in held.items()]


def _sorted_api() -> list[Route]:
    return sorted(TABLE.rows, key=lambda row: (row.path, row.method))


def _sorted_portal() -> list[PortalRoute]:
    return sorted(all_rows(), key=lambda row: (row.path, row.method))


def _api_row(row: Route) -> tuple[str, str, str]:
    route = code(f"{row.method} {row.path}")
    if row.permission is None:
        return route, "-", "everybody"
    who: list[str] = []
    least = KEY_GRANTS.get(row.permission)
    if row.auth is not AuthMode.BEARER and least is not None:
        who.append(f"keys from `{least}`")
    if row.auth is not AuthMode.KEY:
        who += ["everyone signed in"] if row.access is Access.PENDING else _who(row.permission)
    if row.or_permission is None:
        return route, code(row.permission), ", ".join(who)
    who += [f"{one} (naming `client_id`)" for one in _who(row.or_permission)]
    return route, f"{code(row.permission)} or {code(row.or_permission)}", ", ".join(who)


def _portal_row(row: PortalRoute) -> tuple[str, str, str]:
    route = code(f"{row.method} {row.path}")
    if row.permission is None:
        return route, "-", "everybody"
    if row.access is PortalAccess.PENDING:
        return route, code(row.permission), "everyone signed in (*before assignment*)"
    return route, code(row.permission), ", ".join(_who(row.permission))
