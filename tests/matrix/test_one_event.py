"""Whatever changes something, or reads what is sensitive, leaves exactly one event of the catalogue.

The one thing a newcomer would get wrong: a new row is asked without being told of here. It fails until the
catalogue (`aidial_contract/audit_actions.py`) says which event it leaves, or why it leaves none.
"""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from aidial_api.kernel.route import Access, Route
from aidial_api.routes import TABLE
from aidial_contract.audit_actions import ACTIONS, UNRECORDED
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.audit import OUTCOMES
from aidial_portal.kernel.route import Kind as PortalKind
from aidial_portal.kernel.route import Route as PortalRoute
from aidial_portal.routes import all_rows
from tests.matrix.askers import KINDS, Kind, asker
from tests.matrix.expected import expected
from tests.matrix.portal_expected import expected as expected_of_portal
from tests.matrix.portal_requests import example, send_good
from tests.matrix.portal_visitors import SIGNED_IN, papers_from
from tests.matrix.requests import good_status, good_target, send
from tests.people import HARBOUR
from tests.support.api import World
from tests.support.askers import Asker, KeyHolder, SignedIn
from tests.support.portal import Town

TOLD = {name for row in ACTIONS.values() for name in row.routes}
ROWS = [row for row in TABLE.rows if row.method != "GET" or row.records or row.name in TOLD]
AT_THE_PORTAL = [row for row in all_rows() if row.unsafe and row.kind is not PortalKind.AUTH]
AS_WELL = {
    # A sign-in ends the session it takes the place of, and knows a person from their first one on.
    "sessions.create": {"sessions.session.revoked", "sessions.person.bound"},
}
"""What else may begin or end with a row, an event each."""
ENDS_SEVERAL = frozenset({"sessions.revoke_others", "sessions.revoke_of_user"})
"""An event a session that ends."""
LEAVES_NONE_AT_THE_PORTAL = {
    "sessions.revoke_of_user": "a user who is signed in nowhere: an event a session that ends",
    "session.touch": "as at /v1",
    "session.mfa-refresh": "asks the sign-in service again, and changes nothing when nothing changed there",
    "sign_in.start": "a form that leads to the sign-in service",
    "settings.unknown.save": "an address of no section",
}


def doer(row: Route) -> Kind:
    """The first sort of asker who may."""
    if row.access is Access.PUBLIC:
        return next(kind for kind in KINDS if kind.name == "anonymous")
    done = good_status(row), ""
    return next(kind for kind in KINDS if expected(row, kind) == done and not kind.late)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
async def test_a_row_leaves_exactly_one_event_that_says_it_all(world: World, row: Route) -> None:
    somebody = await asker(world, doer(row), anew=row.writes and row.scope is ScopeKind.SELF)
    if row.name == "sessions.revoke_others":
        assert isinstance(somebody, SignedIn)
        await world.sign_in(somebody.someone)
    target = await good_target(world, row, somebody)
    if row.name == "recordings.upload":  # the same sound again changes nothing
        await world.sql("UPDATE recordings SET fingerprint = sha256(fingerprint)")
    if row.name == "sessions.revoke_of_user":
        await world.sql(
            "INSERT INTO sessions (session_id, user_id, issuer, subject, idle_expires_at,"
            " absolute_expires_at)"
            " VALUES (gen_random_uuid(), $1, 'i', 's', now() + interval '1 h', now() + interval '1 h')",
            target.path["user_id"],
        )
    answer = await send(world, row, somebody, target)
    assert answer.status == good_status(row), answer
    events = await events_of(world, answer.headers["x-request-id"])
    if row.name in UNRECORDED:
        assert events == []
        return
    own = [event for event in events if event["action"] not in AS_WELL.get(row.name, set())]
    count = answer.json["revoked"] if row.name in ENDS_SEVERAL else 1
    assert len(own) == count > 0, [event["action"] for event in events]
    for event in own:
        assert row.name in ACTIONS[event["action"]].routes, (event["action"], row.name)
        assert_is_of(event, row)
        assert_says_it_all(event, somebody)


def assert_is_of(event: asyncpg.Record, row: Route) -> None:
    """Whose it is, and by which of the row's permissions it was allowed."""
    if row.scope not in {ScopeKind.SELF, ScopeKind.NOBODY, ScopeKind.EVERYTHING}:
        assert event["client_id"] == HARBOUR
    allowed = {str(one) for one in (row.permission, row.or_permission) if one is not None}
    assert (event["policy"] or "").partition(" ")[0] in (allowed or {""})


async def events_of(world: World | Town, request_id: str) -> list[asyncpg.Record]:
    """What a request left."""
    return await world.sql("SELECT *, now() - at AS age FROM audit_events WHERE request_id = $1", request_id)


def assert_says_it_all(event: asyncpg.Record, somebody: Asker) -> None:
    """Who, what, when, where from, with which outcome. `somebody` without credentials is nobody we know."""
    if isinstance(somebody, SignedIn):
        assert event["actor_kind"] == "user"
        assert event["actor_id"] == somebody.user_id or event["actor_label"] == somebody.someone.email
    elif isinstance(somebody, KeyHolder):
        assert event["actor_kind"] == "key"
    assert event["actor_label"]
    assert event["actor_id"] or event["actor_kind"] == "system"
    assert event["target_kind"]
    assert event["target_id"]
    assert timedelta() <= event["age"] < timedelta(minutes=5)
    assert str(event["ip"]) == "127.0.0.1"
    assert event["outcome"] in OUTCOMES


def test_the_catalogue_tells_of_every_row_that_writes_and_of_none_that_is_not_there() -> None:
    assert {row.name for row in ROWS} == TOLD | set(UNRECORDED)
    assert TOLD & set(UNRECORDED) == set()
    assert {row.name for row in TABLE.rows if row.method == "GET" and row.name in TOLD} <= {
        row.name for row in TABLE.rows if row.records
    }


@pytest.mark.parametrize("row", AT_THE_PORTAL, ids=lambda row: row.name)
async def test_what_is_done_at_the_portal_leaves_exactly_one_event_of_its_own_request(
    town: Town, row: PortalRoute
) -> None:
    good = await example(town, row)
    visitor = next(one for one in SIGNED_IN if expected_of_portal(row, one, good) == (good.status, ""))
    assert visitor.someone is not None
    if row.name == "sessions.revoke_others":
        async with town.visitor(visitor.someone) as other:
            await papers_from(other)
            page = await send_good(town, row, visitor)
    else:
        page = await send_good(town, row, visitor)
    assert page.status == good.status
    events = await events_of(town, page.headers["x-request-id"])
    if row.name in LEAVES_NONE_AT_THE_PORTAL:
        assert events == []
        return
    count = page.json["revoked"] if row.name == "sessions.revoke_others" else 1
    assert len(events) == count > 0, [event["action"] for event in events]
    for event in events:
        assert event["action"] in ACTIONS
        assert (event["actor_kind"], event["outcome"]) == ("user", "done")
        assert event["actor_label"] == visitor.someone.email
        assert event["ip"] is not None
