"""Runs a row: every check of `contract.md` section 4 for `/v1`, in order, one small function a step.

The one thing a newcomer would get wrong: a denial does not end early. It empties the reach, and the
request goes on to look for its record and finds nothing, so that a denied request does the same work and
gives the same answer as one for a thing that does not exist.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from msgspec import UNSET

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.bodies import fitted
from aidial_api.kernel.budget import deadline_of
from aidial_api.kernel.credentials import find_credential
from aidial_api.kernel.hygiene import CLOSE, check_framing, check_line, declared_length, read_body
from aidial_api.kernel.idempotency import once, read_key
from aidial_api.kernel.limits import COARSE
from aidial_api.kernel.preconditions import read_if_match
from aidial_api.kernel.rooms import is_reserved
from aidial_api.kernel.route import Access, Answer, AuthMode, Match, Precondition, Route, SessionNeed
from aidial_api.kernel.scoping import (
    body_scope,
    database_reach,
    lacks_client,
    narrow,
    own_allowlist,
    target_allowlist,
)
from aidial_api.kernel.uploads import around_bytes
from aidial_contract import errors
from aidial_contract.access import Permission
from aidial_contract.fault import Fault, FieldError
from aidial_contract.headers import AIDIAL_SESSION
from aidial_contract.media import accepts, is_sent_as, plain_type
from aidial_contract.query import parse_query, plain_pairs
from aidial_contract.scope import NOTHING
from aidial_serving.protocol import authority_of

MAX_PAIRS = 100


async def run(ask: Ask) -> Answer:
    """Find the row and run it; raises `Fault` for every refusal."""
    match = ask.services.table.match(ask.path_text)
    _configured(ask, match)
    if match is None:
        raise Fault(errors.NOT_FOUND, reason="no such path")
    if ask.header_fault is not None:
        raise ask.header_fault
    check_line(ask.scope["http_version"], authority_of(ask.scope), ask.headers)
    check_framing(ask.headers, ask.services.settings.hosts, ask.uri_bytes, ask.services.uri_limit_bytes)
    route = match.rows.get(ask.method) or (match.rows.get("GET") if ask.method == "HEAD" else None)
    ask.path, ask.route = match.path, route
    some_row = route or next(iter(match.rows.values()))
    around = around_bytes(ask.headers) if some_row.receives is not None else 0
    declared_length(ask.headers, some_row.body_limit_bytes, some_row.too_large, around)
    room = ask.services.rooms.room_for(some_row)
    if room is not None:
        room.check()
    if some_row.receives is not None:
        return await _run_upload(ask, route, match.rows)
    if "content-length" in ask.headers or "transfer-encoding" in ask.headers:
        ask.raw_body = await read_body(ask.receive, some_row.body_limit_bytes)
        _give_own_time(ask)
    return await _in_time(ask, route, match.rows)


async def _in_time(ask: Ask, route: Route | None, rows: Mapping[str, Route]) -> Answer:
    """Steps 2 and on, in the row's room, before the request's time is over."""
    room = ask.services.rooms.room_for(route or next(iter(rows.values())))
    time = asyncio.timeout_at(ask.deadline)
    try:
        async with time:
            if room is None:
                return await _run_row(ask, route, rows)
            async with room.place(ask.deadline):
                return await _run_row(ask, route, rows)
    except TimeoutError:
        if not time.expired():
            raise
        raise Fault(errors.DEPENDENCY_TIMEOUT, reason="the request's time was over") from None


async def _run_upload(ask: Ask, route: Route | None, rows: Mapping[str, Route]) -> Answer:
    """Decide first, then take the file in, at the sender's pace; an answer before its end closes the line."""
    try:
        async with ask.services.rooms.uploads.place(ask.deadline):
            answer = await _in_time(ask, route, rows)
            if route is None or route.receives is None:
                return answer
            ask.tx_or_none = None
            return await route.receives(ask)
    except Fault as fault:
        fault.headers = {**fault.headers, **CLOSE}
        raise


def _give_own_time(ask: Ask) -> None:
    """A caller who has no budget is not charged for the time their body took to arrive."""
    if ask.told_budget_ms is None:
        now = asyncio.get_running_loop().time()
        ask.deadline = deadline_of(now, None, ask.services.settings.request_timeout_ms)


async def _run_row(ask: Ask, route: Route | None, rows: Mapping[str, Route]) -> Answer:
    """Steps 2 and on, within the request's time."""
    some_row = route or next(iter(rows.values()))
    if some_row.access is Access.PUBLIC:
        return await _run_public(ask, route, rows)
    await _authenticate(ask)
    await _coarse_limit(ask)
    row = _allowed_row(ask, route, rows)
    await _session_state(ask, row)
    _own_allowlist(ask, row)
    _assignment(ask, row)
    _permission(ask, row)
    return await _scoped(ask, row)


def _configured(ask: Ask, match: Match | None) -> None:
    """500 for everything but health while a required setting is lost."""
    survives = match is not None and any(row.survives_bad_configuration for row in match.rows.values())
    if not ask.services.is_configured and not survives:
        raise Fault(errors.CONFIGURATION_INVALID, reason="a required setting is missing or bad")


async def _run_public(ask: Ask, route: Route | None, rows: Mapping[str, Route]) -> Answer:
    if route is None:
        raise _method_not_allowed(rows)
    await _parse(ask, route)
    outcome = await route.handler(ask)
    if isinstance(outcome, Fault):
        raise outcome
    return outcome


async def _authenticate(ask: Ask) -> None:
    """Step 2: who asks. Refused credentials are counted by address, and soon refused unread."""
    limits = ask.services.limits
    await limits.refuse_failing(ask)
    try:
        credential = find_credential(ask.headers)
        if credential.kind == "key":
            ask.actor_or_none = await ask.services.credentials.key_actor(credential.text)
        else:
            late = ask.route is not None and ask.route.takes_expired_token
            ask.actor_or_none = await ask.services.credentials.bearer_actor(credential.text, late_too=late)
    except Fault as fault:
        if fault.row.status == 401:  # noqa: PLR2004 - HTTP
            await limits.failed(ask)
        raise


async def _coarse_limit(ask: Ask) -> None:
    """Step 3: per credential, and per tenant."""
    actor = ask.actor
    limits = ask.services.limits
    if actor.key is None:
        await limits.hit(ask, ("person", actor.actor_id or actor.label))
        return
    kind = "deliveries" if ask.route is not None and ask.route.bucket == "deliveries" else "reads"
    await limits.hit(ask, (kind, actor.actor_id), (f"{kind}_of_tenant", actor.key.client_id))


def _method_not_allowed(rows: Mapping[str, Route]) -> Fault:
    methods = sorted(rows)
    if "GET" in methods:
        methods.append("HEAD")
    return Fault(errors.METHOD_NOT_ALLOWED, headers={"allow": ", ".join(methods)}, reason="wrong method")


def _allowed_row(ask: Ask, route: Route | None, rows: Mapping[str, Route]) -> Route:
    """Step 4: method, kind of credential, scope of the key."""
    if route is None:
        raise _method_not_allowed(rows)
    by_key = ask.actor.key is not None
    if route.auth is (AuthMode.BEARER if by_key else AuthMode.KEY):
        raise Fault(errors.AUTH_MODE_NOT_ALLOWED, reason=f"row takes {route.auth}")
    if by_key and route.permission is not None and ask.actor.level(route.permission) is None:
        raise Fault(errors.SCOPE_INSUFFICIENT, reason=f"key scope lacks {route.permission}")
    return route


async def _session_state(ask: Ask, row: Route) -> None:
    """Step 5: a person's bearer comes with a live session of the same subject."""
    if ask.actor.key is not None:
        return
    text = ask.headers.get(AIDIAL_SESSION)
    if text is None:
        if row.session is SessionNeed.OPTIONAL:
            return
        raise Fault(errors.SESSION_MISSING, reason="bearer without X-AiDial-Session")
    person = ask.actor.person
    subject = person.subject if person else ""
    ask.session = await ask.services.credentials.session(text, subject)


def _own_allowlist(ask: Ask, row: Route) -> None:
    """Step 6: the address allowlist of the credential's own tenant.

    A person's pending rows are about their own session alone. They stay open, so that somebody at another
    address can be told why nothing else answers, and can sign out.
    """
    if row.access is Access.PENDING and ask.actor.person is not None:
        return
    own_allowlist(ask)


def _assignment(ask: Ask, row: Route) -> None:
    """Step 7: an active assignment, and the second factor where it is required."""
    ask.reach = ask.actor.reach
    if row.access is Access.PENDING:
        return
    person = ask.actor.person
    if person is None:
        if not ask.reach.client_ids:
            ask.denied = "the key's client is archived"
    elif person.role is None:
        ask.denied = "no active assignment"
    elif person.mfa_required and not (ask.session and ask.session.mfa_satisfied):
        ask.denied = "second factor not satisfied"


def _permission(ask: Ask, row: Route) -> None:
    """Step 8: the role table. One's own session is everybody's, whatever their role."""
    if row.permission is not None:
        ask.held, ask.level = row.permission, ask.actor.level(row.permission)
        if ask.level is None and row.or_permission is not None:
            ask.held, ask.level = row.or_permission, ask.actor.level(row.or_permission)
        is_everybodys = row.access is Access.PENDING and row.permission is Permission.SESSION_OWN
        if ask.level is None and not is_everybodys and not ask.denied:
            ask.denied = f"role lacks {row.permission}"
    if row.params.permitted:
        given = {name for name, _ in ask.raw_query}
        for param in row.params.permitted:
            if param.permission and param.name in given and ask.actor.level(param.permission) is None:
                ask.denied = ask.denied or f"role lacks {param.permission}"
    if ask.denied:
        ask.reach = NOTHING


async def _scoped(ask: Ask, row: Route) -> Answer:
    """Step 9 and on, inside the request's one transaction."""
    narrow(ask, row)
    reach = database_reach(ask)
    read_only = not (row.writes or row.records)
    async with ask.services.db.transaction(reach, read_only=read_only, reserved=is_reserved(row)) as tx:
        ask.tx_or_none = tx
        if row.find is not None:
            # Looked for even by somebody who named no client: the portal asks so to deny them.
            ask.found = await row.find(ask)
            if ask.found is None and not ask.denied and not lacks_client(ask, row):
                ask.denied = "not found through the scope"
        if ask.denied:
            raise Fault(errors.NOT_FOUND, reason=ask.denied)
        await target_allowlist(ask, row)
        await _parse(ask, row)
        _members(ask, row)
        await body_scope(ask, row)
        if row.find_body is not None and await row.find_body(ask) is None:
            raise Fault(errors.NOT_FOUND, reason="an id in the body is out of scope")
        await target_allowlist(ask, row, by_body=True)
        _precondition(ask, row)
        key = ask.idempotency_key
        outcome = await (row.handler(ask) if key is None else once(ask, row, key))
    for act in ask.on_commit:
        act()
    if isinstance(outcome, Fault):
        raise outcome
    return outcome


async def _parse(ask: Ask, row: Route) -> None:
    """Steps 10 and 11: the route's bucket, media type, query, body."""
    if row.bucket not in COARSE:
        await ask.services.limits.hit(ask, (row.bucket, ask.actor.actor_id or ask.actor.label))
    accept = ask.headers.get("accept")
    if accept is not None and not accepts(accept, _media_type(ask, row)):
        raise Fault(errors.NOT_ACCEPTABLE, reason="accept")
    if (row.body is not None or row.receives is not None) and not is_sent_as(ask.headers, row.takes):
        raise Fault(errors.UNSUPPORTED_MEDIA_TYPE, reason="media type")
    if ask.query_fault is not None:
        raise ask.query_fault
    if lacks_client(ask, row):
        fields = [FieldError("query.client_id", "required")]
        raise Fault(errors.MALFORMED_REQUEST, field_errors=fields, reason="no client named")
    ask.query = parse_query(ask.raw_query, row.params)
    if row.idempotent_create:
        ask.idempotency_key = read_key(ask.headers)
    if row.body is not None:
        ask.body = fitted(ask.raw_body, plain_type(ask.headers), row, row.body)


def _members(ask: Ask, row: Route) -> None:
    """Step 12 begins: what the body may hold at all, coming from this asker."""
    for name, permission in row.members.items():
        if getattr(ask.body, name) is not UNSET and ask.actor.level(permission) is None:
            raise Fault(errors.NOT_FOUND, reason=f"{name} needs {permission}")


def _media_type(ask: Ask, row: Route) -> str:
    """What a success would be; a row of several kinds of file goes by the query's `format`."""
    chosen = next((text for name, text in ask.raw_query if name == "format"), "") if row.formats else ""
    return row.formats.get(chosen, row.media_type)


def _precondition(ask: Ask, row: Route) -> None:
    """Step 13: an unsafe request says which revision it changes."""
    if row.precondition is Precondition.IF_MATCH:
        ask.if_match = read_if_match(ask.headers.get("if-match"))
    if row.precondition is Precondition.EXPECTED_VERSION and ask.body.expected_version is None:
        raise Fault(errors.PRECONDITION_REQUIRED, reason="expected_version")


async def still_allowed(ask: Ask) -> None:
    """Steps 2 and 5 to 9 once more, in the middle of a long answer; raises `Fault` when anything changed.

    A token that merely grew old meanwhile still says who it is.
    """
    row = ask.route
    if row is None:
        raise RuntimeError("nothing was allowed yet")
    credential = find_credential(ask.headers)
    known = ask.services.credentials
    if credential.kind == "key":
        actor = await known.key_actor(credential.text)
    else:
        actor = await known.bearer_actor(credential.text, late_too=True)
    now = replace(ask, actor_or_none=actor, session=None, level=None, reach=NOTHING, denied="")
    await _session_state(now, row)
    _own_allowlist(now, row)
    _assignment(now, row)
    _permission(now, row)
    narrow(now, row)
    if now.denied or (now.level, now.reach) != (ask.level, ask.reach):
        raise Fault(errors.NOT_FOUND, reason=now.denied or "level or reach changed")


def split_query(text: str) -> tuple[list[tuple[str, str]], Fault | None]:
    """The query's pairs in order, blank values kept, and the 400 to raise at the parse step if it is none."""
    if not text:
        return [], None
    plain = plain_pairs(text, MAX_PAIRS)
    if plain is not None:
        return plain, None
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MAX_PAIRS
        )
    except (ValueError, UnicodeDecodeError):
        return [], Fault(errors.MALFORMED_REQUEST, reason="query string")
    return pairs, None
