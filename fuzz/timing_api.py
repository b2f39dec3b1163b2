"""The API's pairs: of each class of routes, what is not there beside what may not be seen.

    a rival's, another project's (of one's own tenant), and one's own by a role that may not

The one thing a newcomer would get wrong: a section of settings has no id, one always has one's tenant's. What
must not be told there is whether it was ever saved, so two colleagues who may not see theirs are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.api.sessions.newcomers import invite
from tests.matrix.records import own_record, records_elsewhere
from tests.people import AFTER_HOURS, CHLOE, FRONT_DESK, HARBOUR, NORTHSIDE, NORTHSIDE_LINE, PRIYA
from tests.support.api import World
from tests.support.askers import Asker

from fuzz.report import Budget, Report
from fuzz.timing import Pair, compare, pair_of
from fuzz.timing_records import pairs_of_api

PROFILE = {"value": {"display_name": "Front desk", "timezone": "Australia/Sydney"}, "expected_version": 1}
SECTIONS = {
    "/v1/settings/tenant-settings": "settings",
    "/v1/settings/session-policy": "the session policy",
}


async def run(world: World, budget: Budget) -> Report:
    """Calls, lists, tickets, invoices, projects' profiles, settings, and what `timing_records` has."""
    report = Report("timing-api")
    await own_record(world, "ticket_id")
    await own_record(world, "project_id")
    desk = await world.sign_in(await invite(world, replace(PRIYA, projects=((HARBOUR, FRONT_DESK),))))
    async with records_elsewhere(world, "ticket_id") as tickets, pairs_of_api(world) as more:
        pairs = [
            *_calls(world),
            *_lists(world),
            pair_of(
                "a ticket by bearer, a rival's",
                lambda one: world.alice.get(f"/v1/tickets/{one}"),
                tickets["the rival's"],
            ),
            *_invoices(world),
            *_profiles(world, desk),
            *await _settings(world),
            *more,
        ]
        await compare(report, pairs, budget)
    return report


def _calls(world: World) -> Iterator[Pair]:
    rival, after = world.calls["northside-1"], world.calls["after-1"]
    key, alice, chloe = world.harbour_manage, world.alice, world.chloe
    change = {"resolution": "timed"}
    yield pair_of("a call by key, a rival's", lambda one: key.get(f"/v1/calls/{one}"), rival)
    yield pair_of("a call by bearer, a rival's", lambda one: alice.get(f"/v1/calls/{one}"), rival)
    yield pair_of("a call by bearer, another project's", lambda one: chloe.get(f"/v1/calls/{one}"), after)
    yield pair_of("a transcript by key, a rival's", lambda one: key.get(f"/v1/calls/{one}/transcript"), rival)
    yield pair_of(
        "a change of a rival's call",
        lambda one: key.patch(f"/v1/calls/{one}", change, if_match="*"),
        rival,
    )
    yield pair_of("a call, by a role that may not", lambda one: world.ada.get(f"/v1/calls/{one}"), rival)


def _lists(world: World) -> Iterator[Pair]:
    yield pair_of(
        "a list narrowed to a rival's project",
        lambda one: world.alice.get(f"/v1/calls?project_id={one}"),
        NORTHSIDE_LINE,
    )
    yield pair_of(
        "a list narrowed to another project",
        lambda one: world.chloe.get(f"/v1/calls?project_id={one}"),
        AFTER_HOURS,
    )


def _invoices(world: World) -> Iterator[Pair]:
    own, rival = world.invoices["harbour-1"], world.invoices["northside-1"]
    yield pair_of("an invoice, a rival's", lambda one: world.alice.get(f"/v1/invoices/{one}"), rival)
    yield pair_of(
        "an invoice by a partner, a rival's",
        lambda one: world.priya.get(f"/v1/invoices/{one}?client_id={HARBOUR}"),
        rival,
    )
    yield pair_of(
        "an invoice, by a role that may not", lambda one: world.chloe.get(f"/v1/invoices/{one}"), own
    )


def _profiles(world: World, desk: Asker) -> Iterator[Pair]:
    """`desk` is a partner's person who reaches the front desk alone."""
    priya, alice, tom = world.priya, world.alice, world.tom
    version = {"expected_version": 1}

    def path(one: str) -> str:
        return f"/v1/projects/{one}/draft/profile"

    yield pair_of("a profile, a rival's", lambda one: priya.get(path(one)), NORTHSIDE_LINE)
    yield pair_of("a profile, another project's", lambda one: desk.get(path(one)), AFTER_HOURS)
    yield pair_of("a profile, by a role that may not", lambda one: alice.get(path(one)), FRONT_DESK)
    yield pair_of("a profile's save, a rival's", lambda one: priya.put(path(one), PROFILE), NORTHSIDE_LINE)
    yield pair_of(
        "a profile's save, another project's", lambda one: desk.put(path(one), PROFILE), AFTER_HOURS
    )
    yield pair_of(
        "a profile's save, by a role that may not", lambda one: tom.put(path(one), PROFILE), FRONT_DESK
    )
    for name, somebody, denied in (
        ("a rival's", priya, NORTHSIDE_LINE),
        ("another project's", desk, AFTER_HOURS),
        ("by a role that may not", tom, FRONT_DESK),
    ):
        yield pair_of(
            f"a publication, {name}",
            lambda one, asker=somebody: asker.post(f"/v1/projects/{one}/publish", version),  # type: ignore[misc]
            denied,
        )


async def _settings(world: World) -> list[Pair]:
    """Staff of a tenant that saved its settings, beside staff of one that never did."""
    where = {"saved": (HARBOUR, FRONT_DESK), "never": (NORTHSIDE, NORTHSIDE_LINE)}
    staff = {
        name: await world.sign_in(
            await invite(world, replace(CHLOE, client_id=client_id, projects=((client_id, project_id),)))
        )
        for name, (client_id, project_id) in where.items()
    }
    pairs = []
    for path, what in SECTIONS.items():
        now = (await world.alice.get(path)).json
        change = {"value": now["working"], "expected_version": now["version"]}
        saved = await world.alice.put(path, change)
        assert saved.status == 200, saved
        pairs += [
            pair_of(
                f"{what}, by a role that may not",
                lambda one, path=path: staff[one].get(path),  # type: ignore[misc]
                "saved",
                "never",
            ),
            pair_of(
                f"a save of {what}, by a role that may not",
                lambda one, path=path, change=change: staff[one].put(path, change),  # type: ignore[misc]
                "saved",
                "never",
            ),
        ]
    return pairs
