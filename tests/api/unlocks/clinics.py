"""A clinic with two administrators and a manager, calls in which everything was said, and a clock to move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aidial_contract.ids import new_id
from aidial_contract.shapes.governance import SECTION
from tests.api.calls.lines import Business, open_business
from tests.api.sessions.newcomers import invite
from tests.people import ALICE, BEN
from tests.support.api import World
from tests.support.askers import Answer, Asker, SignedIn
from tests.support.unlocks import new_unlock
from tests.support.world_calls import CONSENT, new_call

NUMBER = "0412 345 678"
CODE = "912"
SAID = (
    f"Ring me on {NUMBER} please.",
    f"My card is 4111 1111 1111 1111 and the security code on the back is {CODE}.",
)


@dataclass(frozen=True, slots=True)
class Clinic:
    """`alice` and `other` administer it, `ben` manages it, `chloe` is staff."""

    business: Business
    alice: SignedIn
    other: SignedIn
    ben: SignedIn
    chloe: SignedIn

    async def call(self, **changes: Any) -> str:
        """A call in which everything was said; its id."""
        turns = [{"speaker": "caller", "text": text, "start_ms": 1_000} for text in SAID]
        body = new_call(
            self.business.lines[0], f"unlock-{new_id()}", turns=turns, **{"consent": CONSENT, **changes}
        )
        return str((await self.business.deliver(body)).json["call_id"])


async def open_clinic(world: World) -> Clinic:
    business = await open_business(world, "Australia/Sydney")

    async def somebody(like: Any) -> SignedIn:
        of_here = replace(like, client_id=business.client_id, projects=((business.client_id, None),))
        return await world.sign_in(await invite(world, of_here))

    return Clinic(business, business.admin, await somebody(ALICE), await somebody(BEN), business.staff)


async def asks_for_two(world: World, clinic: Clinic, *, wanted: bool) -> None:
    """The clinic's partner decides whether a second person approves."""
    await world.sql(
        "INSERT INTO client_settings (client_id, section, value, version) VALUES ($1, $2, $3, 2)"
        " ON CONFLICT (client_id, section) DO UPDATE SET value = excluded.value",
        clinic.business.client_id,
        SECTION,
        '{"unlocks_need_approval": true}' if wanted else "{}",
    )


def path_of(call_id: str, *more: str) -> str:
    return "/".join((f"/v1/calls/{call_id}/pii-unlocks", *more))


async def requested(asker: Asker, call_id: str, artefact: str = "transcript") -> dict[str, Any]:
    """An unlock just asked for."""
    answer = await asker.post(path_of(call_id), new_unlock(artefact))
    assert answer.status == 201, answer
    unlock: dict[str, Any] = answer.json["unlock"]
    return unlock


async def reveal(asker: Asker, unlock: dict[str, Any]) -> Answer:
    return await asker.get(path_of(unlock["call_id"], unlock["unlock_id"], "reveal"))


async def approve(asker: Asker, unlock: dict[str, Any]) -> Answer:
    return await asker.post(path_of(unlock["call_id"], unlock["unlock_id"], "approve"), {})


async def relock(asker: Asker, unlock: dict[str, Any]) -> Answer:
    return await asker.post(path_of(unlock["call_id"], unlock["unlock_id"], "relock"), {})


class Watch:
    """What the API takes for the time."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def at(self, text: str, **before: float) -> None:
        """Move to a time on the wire, or to so long before it."""
        self.now = datetime.fromisoformat(text) - timedelta(**before)


@contextmanager
def watch_of(world: World) -> Iterator[Watch]:
    services = world.api.app.services
    assert services is not None
    former, services.clock = services.clock, Watch()
    try:
        yield services.clock
    finally:
        services.clock = former
