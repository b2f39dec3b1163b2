"""A business whose log a test fills by itself, and the ways to read it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aidial_api.provisioning import NewPerson
from aidial_contract.access import Role
from aidial_contract.ids import new_id
from tests.api.calls.lines import Business, open_business
from tests.people import ALICE
from tests.support.api import World
from tests.support.askers import Asker, SignedIn

PATH = "/v1/audit-events"
BEGAN = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)
_INSERT = """
INSERT INTO audit_events (event_id, client_id, at, actor_kind, actor_id, actor_label, action, target_kind,
                          target_id, project_id, outcome, why, ip, technical)
SELECT $1, $2, $3, $4, $5, $6, $7, 'thing', 'thing-1', $8, $9, $10, '203.0.113.9', '{"fields": ["name"]}'
"""


@dataclass(frozen=True, slots=True)
class Log:
    """A business of two lines; `manager` reaches the first line only."""

    world: World
    business: Business
    manager: SignedIn

    @property
    def admin(self) -> SignedIn:
        """Who sees everything."""
        return self.business.admin

    async def write(self, action: str, **more: Any) -> str:
        """One event past every policy; `at` is a whole number of minutes after `BEGAN`. Its id."""
        event_id = new_id()
        kind = more.get("kind", "user")
        await self.world.sql(
            _INSERT,
            event_id,
            self.business.client_id,
            BEGAN + timedelta(minutes=more.get("at", 0)),
            kind,
            None if kind == "system" else more.get("actor_id", "somebody"),
            more.get("label", "somebody@example.com"),
            action,
            more.get("project_id"),
            more.get("outcome", "done"),
            more.get("why"),
        )
        return event_id


async def open_log(world: World) -> Log:
    """A new business; what signing in wrote is there already."""
    business = await open_business(world, "Australia/Sydney", "Australia/Brisbane")
    someone = replace(
        ALICE,
        first_name=f"M{new_id()[-12:]}",
        role=Role.CLIENT_MANAGER,
        client_id=business.client_id,
        projects=((business.client_id, business.lines[0]),),
    )
    world.user_ids[someone.name] = await world.provisioner.add_person(
        NewPerson(
            email=someone.email,
            first_name=someone.first_name,
            last_name="Example",
            role=Role.CLIENT_MANAGER,
            client_id=business.client_id,
            projects=someone.projects,
        )
    )
    return Log(world, business, await world.sign_in(someone))


async def read(asker: Asker, **query: str) -> list[dict[str, Any]]:
    """One page."""
    answer = await asker.get(f"{PATH}?{urlencode(query)}")
    assert answer.status == 200, answer
    events: list[dict[str, Any]] = answer.json["events"]
    return events


async def walk(asker: Asker, **query: str) -> list[list[dict[str, Any]]]:
    """Every page."""
    pages: list[list[dict[str, Any]]] = []
    while True:
        answer = await asker.get(f"{PATH}?{urlencode(query)}")
        assert answer.status == 200, answer
        pages.append(answer.json["events"])
        if answer.json["next_cursor"] is None:
            return pages
        query["cursor"] = answer.json["next_cursor"]


def ids(events: list[dict[str, Any]]) -> list[str]:
    """The ids, in order."""
    return [event["event_id"] for event in events]
