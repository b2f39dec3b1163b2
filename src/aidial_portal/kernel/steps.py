"""The checks between a request and its handler, one small function a step: contract section 4.

The one thing a newcomer would get wrong: the ORDER is a promise, kept in `guard.py` and tested pair by pair;
and a denial costs the same calls to `/v1` as a missing id, so that nobody can tell them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from aidial_contract import checking, errors
from aidial_contract.access import Permission, level_of
from aidial_contract.fault import Fault, FieldError
from aidial_contract.headers import API_KEY, CSRF_TOKEN
from aidial_contract.ids import new_id
from aidial_contract.media import accepts, is_sent_as
from aidial_contract.query import parse_query
from aidial_contract.transport import MAX_FIELD_ERRORS
from aidial_portal.kernel.limits import COARSE, Bucket, Per
from aidial_portal.kernel.nextauth import aidial_csrf
from aidial_portal.kernel.nextauth.cookies import first, policy_violation, session_value
from aidial_portal.kernel.references import project_of
from aidial_portal.kernel.route import CALL_DENIAL, JSON, Precondition, WithoutContext
from aidial_portal.kernel.session import Session, session_of_claims
from aidial_portal.words import by_tag, speak

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aidial_contract.shapes.sessions import SessionContext
    from aidial_portal.kernel.request import PortalRequest
    from aidial_portal.kernel.route import Route

MAX_QUERY_FIELDS = 100
_COOKIE_POLICY_PATHS = ("/api/auth/", "/api/session/")
_CSRF_ROWS = {"csrf_missing": errors.CSRF_MISSING, "csrf_invalid": errors.CSRF_INVALID}


def read_session(request: PortalRequest) -> Session:
    """Decode the session cookie; 401 `session_missing`, `_invalid`, `_expired`, `_claims_missing`."""
    portal = request.portal
    strict = not request.path.startswith(_COOKIE_POLICY_PATHS)
    violation = policy_violation(request.cookies, portal.names)
    if violation is not None and strict:
        raise Fault(errors.SESSION_INVALID, reason=violation)
    text = session_value(request.cookies, portal.names)
    if text is None:
        row = errors.SESSION_MISSING if violation is None else errors.SESSION_COOKIE_POLICY
        raise Fault(row, reason=violation or "no session cookie")
    claims = portal.cipher.decode(text)
    if claims is None:
        if violation is None and portal.timeless.decode(text) is not None:
            raise Fault(errors.SESSION_EXPIRED, reason="the session cookie is too old")
        row = errors.SESSION_INVALID if violation is None else errors.SESSION_COOKIE_POLICY
        raise Fault(row, reason=violation or "the session cookie cannot be read")
    return session_of_claims(claims)


def know(request: PortalRequest, context: SessionContext) -> None:
    """Who the session is; from here on the portal speaks their language."""
    request.session.context = context
    if context.user is not None and context.user.language:
        speak(by_tag(context.user.language))


async def session(request: PortalRequest, row: Route) -> None:
    """Step 2: the cookie, and what the registry says of the session (401, or 503 when nobody can say)."""
    request.session_or_none = read_session(request)
    try:
        know(request, await request.portal.contexts.of(request.api))
    except Fault as fault:
        degrades = row.without_context is WithoutContext.DEGRADE
        if not degrades or fault.row.status not in {500, 503}:
            raise
        request.reason = f"degraded: {fault.reason}"
    if request.session.context is not None and request.session.context.actor != "user":
        raise Fault(errors.SESSION_INVALID, reason="the context is no person's")


def browser_credentials(request: PortalRequest) -> None:
    """Step 3: a browser must not bring keys or bearers, nor session cookies that break the policy (403)."""
    scheme = request.headers.get("authorization", "").lstrip()[:7].lower()
    if API_KEY in request.headers or scheme in {"bearer", "bearer "}:
        raise Fault(errors.BROWSER_CREDENTIAL_REJECTED, reason="X-API-Key or a bearer from a browser")
    cookie_policy(request)


def cookie_policy(request: PortalRequest) -> None:
    """The session cookie policy of `/api/auth/*` and `/api/session/*` (403 `session_cookie_policy`)."""
    if not request.path.startswith(_COOKIE_POLICY_PATHS):
        return
    violation = policy_violation(request.cookies, request.portal.names)
    if violation is not None:
        raise Fault(errors.SESSION_COOKIE_POLICY, reason=violation)


def same_origin(request: PortalRequest) -> None:
    """Step 4a: an unsafe request must come from our own pages (403 `cross_site_request`)."""
    site = request.headers.get("sec-fetch-site")
    ours = site == "same-origin" if site else request.headers.get("origin") == request.portal.origin
    if not ours:
        raise Fault(errors.CROSS_SITE_REQUEST, reason="Fetch Metadata or Origin")


def csrf(request: PortalRequest) -> None:
    """Step 4b: header and cookie agree and were made for this session (403)."""
    refusal = aidial_csrf.check_token(
        request.portal.keys.aidial_csrf,
        request.session.session_id,
        header=request.headers.get(CSRF_TOKEN),
        cookie=first(request.cookies, request.portal.names.aidial_csrf),
    )
    if refusal is not None:
        raise Fault(_CSRF_ROWS[refusal], reason="double submit")


async def coarse_limit(request: PortalRequest) -> None:
    """Step 5: so many requests a session, whatever they are (429)."""
    await request.portal.limiter.hit(COARSE, request.session.session_id)


async def assignment(request: PortalRequest) -> None:
    """Step 6: an active assignment (404)."""
    if not request.session.known.assigned or request.session.role is None:
        await deny(request, "no active assignment")


async def second_factor(request: PortalRequest) -> None:
    """Step 7: the second factor, where it is required (404)."""
    if needs_second_factor(request.session):
        await deny(request, "second factor not satisfied")


def needs_second_factor(who: Session) -> bool:
    """Whether policy asks for a second factor that this session has not shown."""
    return who.known.mfa.required and not who.known.mfa.satisfied


async def permission(request: PortalRequest, row: Route) -> None:
    """Step 8: the role holds the row's permission (404); how much of it becomes `request.level`."""
    if row.permission is Permission.SESSION_OWN:
        return  # everybody's own session, also without an assignment and while the API cannot say who
    role = request.session.role
    if role is not None and row.permission is not None:
        request.level = level_of(role, row.permission)
    if role is None or request.level is None:
        await deny(request, f"{role} does not hold {row.permission}")
    if row.gate is not None and not row.gate(request):
        await deny(request, "the row's gate")
    for name, needed in row.needing_more:
        if name in request.query and level_of(role, needed) is None:
            await deny(request, f"{role} does not hold {needed}, which {name} needs")


async def scope(request: PortalRequest, row: Route) -> None:
    """Step 9: client and project ids in path and query lie within reach (404)."""
    await _within(request, _named(request, row.scope.client_id), _named(request, row.scope.project_id))
    await _own(request, _named(request, row.scope.project_ref))


async def _within(request: PortalRequest, client_id: str | None, project_id: str | None) -> None:
    if client_id is None and project_id is None:
        return
    narrowed = request.session.reach.narrowed(client_id=client_id, project_id=project_id)
    if not (narrowed.projects if project_id is not None else narrowed.client_ids):
        await deny(request, "client or project out of reach")


async def _own(request: PortalRequest, reference: str | None) -> None:
    """A reference to a project is one of those this person was given."""
    if reference is None:
        return
    key, session = request.portal.reference_key, request.session
    if project_of(key, session.subject, session.reach, reference) is None:
        await deny(request, "no project of this reference in reach")


def _named(request: PortalRequest, place: str | None) -> str | None:
    """The id that stands in a place of path or query."""
    where, _, name = (place or "").partition(".")
    return {"path": request.path_values, "query": request.query}.get(where, {}).get(name)


async def route_bucket(request: PortalRequest, row: Route) -> None:
    """Step 10: the row's own rate bucket (429)."""
    if row.bucket is not None:
        await request.portal.limiter.hit(row.bucket, whose(request, row.bucket))


def whose(request: PortalRequest, bucket: Bucket) -> str:
    """Whom a bucket counts this request for."""
    if bucket.per is Per.ADDRESS or request.session_or_none is None:
        return request.client_ip
    return request.session.session_id if bucket.per is Per.SESSION else request.session.subject


def accept(request: PortalRequest, row: Route) -> None:
    """Step 11a: the caller takes what the row makes (406)."""
    accepted = request.headers.get("accept", "")
    if not accepts(accepted, row.produces_for(request.query)):
        raise Fault(errors.NOT_ACCEPTABLE, reason="Accept")


def media_type(request: PortalRequest, row: Route) -> None:
    """Step 11b: the body is of a type the row takes (415)."""
    if row.body.media_types and not is_sent_as(request.headers, row.body.media_types):
        raise Fault(errors.UNSUPPORTED_MEDIA_TYPE, reason="Content-Type")


def readable(request: PortalRequest) -> Sequence[tuple[str, str]]:
    """The query's pairs, if it is UTF-8 and has not too many (400)."""
    if request.pairs is None:
        raise Fault(errors.MALFORMED_REQUEST, reason="query string")
    return request.pairs


def query(request: PortalRequest, row: Route) -> None:
    """Step 11c: only the row's parameters, each once, and as described (400, 422 with every failing one)."""
    pairs = readable(request)
    if row.params:
        parse_query(pairs, row.params)
        return
    failures, seen = [], set()
    for name, _ in pairs:
        if name not in row.query:
            failures.append(FieldError(f"query.{name[:128]}", "unknown"))
        elif name in seen:
            failures.append(FieldError(f"query.{name}", "repeated"))
        seen.add(name)
    if failures:
        unknown = any(failure.code == "unknown" for failure in failures)
        row_of = errors.UNSUPPORTED_QUERY_PARAMETER if unknown else errors.UNSUPPORTED_QUERY_VALUE
        raise Fault(row_of, field_errors=failures[:MAX_FIELD_ERRORS])


def body(request: PortalRequest, row: Route) -> None:
    """Step 11d: the body fits the row's shape (400, 422); the value becomes `request.value`."""
    if row.body.shape is not None and JSON in row.body.media_types:
        request.value = checking.check(request.body, row.body.shape, row.body.rules)


async def ids_in_body(request: PortalRequest, row: Route) -> None:
    """Step 12: client and project ids of the body lie within reach (404)."""
    await _within(request, _in_body(request, row.scope.client_id), _in_body(request, row.scope.project_id))
    await _own(request, _in_body(request, row.scope.project_ref))


def _in_body(request: PortalRequest, place: str | None) -> str | None:
    where, _, name = (place or "").partition(".")
    value = getattr(request.value, name, None) if where == "body" else None
    return value if isinstance(value, str) else None


def precondition(request: PortalRequest, row: Route) -> None:
    """Step 13: a change says what it changes (428)."""
    if row.precondition is Precondition.IF_MATCH and not request.headers.get("if-match"):
        raise Fault(errors.PRECONDITION_REQUIRED, reason="If-Match")
    if row.precondition is Precondition.EXPECTED_VERSION and (
        getattr(request.value, "expected_version", None) is None
    ):
        raise Fault(errors.PRECONDITION_REQUIRED, reason="expected_version")


async def deny(request: PortalRequest, reason: str) -> NoReturn:
    """Raise 404 `not_found` after asking `/v1` for what a missing id would have asked for on this row.

    It asks for a record that cannot exist. What else it meets (503, a revoked session) is raised as it would
    be for a missing id.
    """
    asked = request.route.denial if request.route is not None else CALL_DENIAL
    if asked:
        try:
            await request.api.call("GET", asked.replace("{id}", new_id()))
        except Fault as fault:
            if fault.row.status in {401, 429} or fault.row.status >= 500:  # noqa: PLR2004 - server errors
                fault.reason = f"{fault.reason} (denied: {reason})"
                raise
    raise Fault(errors.NOT_FOUND, reason=reason)
