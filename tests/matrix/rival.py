"""A tenant full of one word nobody else may ever read.

The one thing a newcomer would get wrong: the word stands beside a second one, which is searched for. A page
may say again what was asked of it, so a search for the secret word itself would find it and prove nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from aidial_api.provisioning import NewClient, NewProject
from aidial_contract.headers import API_KEY
from aidial_contract.ids import new_api_key, new_id
from tests.api.sessions.newcomers import invite
from tests.matrix.records import Place
from tests.people import ALICE
from tests.support.api import World
from tests.support.askers import Asker
from tests.support.portal import Town
from tests.support.tickets import new_ticket
from tests.support.world_calls import new_call

BESIDE = "flamingo"


@dataclass(frozen=True, slots=True)
class Rival:
    """The tenant: `word` is in every text it has, `key` is its own, `admin` its person in a world."""

    word: str
    client_id: str
    project_id: str
    key: Asker
    admin: Asker | None = None
    calls: list[str] = field(default_factory=list)

    async def deliver(self) -> None:
        """One more call with the word in everything that may hold one."""
        said = f"{BESIDE} {self.word}"
        call = new_call(
            self.project_id,
            f"{self.word}-{new_id()}",
            outcome=said,
            resolution=said,
            call_type=said,
            summary=said,
            agent={"id": self.word, "name": said},
            attention={"flag": True, "reason": said},
            metadata={self.word: said},
            turns=[{"speaker": "caller", "text": said}],
        )
        answer = await self.key.post("/v1/calls", call)
        assert answer.status == 201, answer
        self.calls.append(answer.json["call_id"])


async def open_rival(place: World | Town) -> Rival:
    """A tenant of its own, with calls, in a world or a town."""
    # Letters only: ten digits in a row may be a phone number, and be redacted.
    word = "zq" + new_id()[-12:].translate(str.maketrans("0123456789", "ghijklmnop"))
    client_id, project_id = f"{BESIDE}-{word}", new_id()
    project = NewProject(project_id=project_id, display_name=f"{BESIDE} {word}", timezone="Australia/Sydney")
    await place.provisioner.add_client(
        NewClient(
            client_id=client_id,
            name=f"{BESIDE} {word}",
            timezone="Australia/Sydney",
            partner_org_id=None,
            lifecycle="active",
            projects=(project,),
        )
    )
    key, _ = new_api_key("live")
    await place.provisioner.add_key(client_id, key, scope="manage", description=f"{BESIDE} {word}")
    admin = await _admin(place, client_id) if isinstance(place, World) else None
    rival = Rival(word, client_id, project_id, Asker(place.api.http, {API_KEY: key}), admin)
    if admin is not None:
        said = f"{BESIDE} {word}"
        answer = await admin.post("/v1/tickets", {**new_ticket(project_id), "subject": said, "body": said})
        assert answer.status == 201, answer
    for _ in range(2):
        await rival.deliver()
    await _draft(place, rival)
    return rival


async def _admin(world: World, client_id: str) -> Asker:
    like = replace(ALICE, client_id=client_id, projects=((client_id, None),))
    return await world.sign_in(await invite(world, like))


async def _draft(place: Place, rival: Rival) -> None:
    """A draft nobody published, whose value is the word."""
    value = f'{{"display_name": "{BESIDE} {rival.word}", "timezone": "Australia/Sydney"}}'
    await place.sql(
        "INSERT INTO project_drafts (client_id, project_id, section, version, value)"
        " VALUES ($1, $2, 'profile', 2, $3)",
        rival.client_id,
        rival.project_id,
        value,
    )
