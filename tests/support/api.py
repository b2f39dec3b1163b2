"""The world of the tests: the people of `tests/people.py` in a real database, the real API on a real socket.

    async def test_...(world: World) -> None:
        answer = await world.alice.get("/v1/calls")
        assert answer.status == 200

The one thing a newcomer would get wrong: a worker has one world, and it lives as long as the worker. A test
that ends sessions or changes a person signs somebody in anew (`await world.sign_in(CHLOE)`).
"""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg

from aidial.postgres import PostgresUrls
from aidial_api.provisioning import NewClient, NewPerson, NewProject
from aidial_contract.headers import AIDIAL_SESSION, API_KEY
from aidial_contract.ids import new_api_key
from tests.people import BUSINESSES, MACHINES, PARTNER, PEOPLE, Business, Machine, Someone
from tests.support.askers import Answer, Asker, KeyHolder, SignedIn
from tests.support.issuer import API_AUDIENCE, MANAGEMENT_TOKEN, PORTAL_CLIENT_ID, Issuer, running_issuer
from tests.support.past_policies import PastPolicies
from tests.support.running_api import HeardProvisioner, RunningApi, running_api
from tests.support.sms_codes import allow_sms_codes
from tests.support.world_books import open_books
from tests.support.world_calls import CALLS

__all__ = ["Answer", "Asker", "KeyHolder", "RunningApi", "SignedIn", "World", "open_world", "running_api"]


class World:
    """Everybody, signed in, and what they belong to.

    `calls` has each delivered call's id by external id, `invoices` each invoice's by `<place>-<number>`.
    """

    alice: SignedIn
    ben: SignedIn
    chloe: SignedIn
    priya: SignedIn
    tom: SignedIn
    ada: SignedIn
    omar: SignedIn
    oscar: SignedIn
    bella: SignedIn
    mallory: SignedIn
    nobody: SignedIn
    carla: SignedIn
    harbour_read: KeyHolder
    harbour_manage: KeyHolder
    bayside_manage: KeyHolder
    northside_manage: KeyHolder
    expired_key: KeyHolder
    revoked_key: KeyHolder

    def __init__(
        self, urls: PostgresUrls, issuer: Issuer, environ: dict[str, str], provisioner: HeardProvisioner
    ) -> None:
        self.urls = urls
        self.past_policies = PastPolicies(urls.superuser_url)
        self.issuer = issuer
        self.environ = environ
        self.provisioner = provisioner
        self.api: RunningApi
        self.user_ids: dict[str, str] = {}
        self.calls: dict[str, str] = {}
        self.invoices: dict[str, str] = {}

    @property
    def anonymous(self) -> Asker:
        """A caller without any credential."""
        return Asker(self.api.http)

    def people(self) -> dict[Someone, SignedIn]:
        """Everybody."""
        return {someone: getattr(self, someone.name) for someone in PEOPLE}

    def machines(self) -> dict[Machine, KeyHolder]:
        """Every key, the useless ones too."""
        return {machine: getattr(self, machine.name) for machine in MACHINES}

    def bearer_only(self, someone: Someone, **claims: Any) -> Asker:
        """A person with an access token and no session."""
        token = self.issuer.access_token(someone.subject, **claims)
        return Asker(self.api.http, {"authorization": f"Bearer {token}"})

    def id_token(self, someone: Someone, **changes: Any) -> str:
        """What the issuer says of a person after a sign-in, second factor included when they have one."""
        said = {"email": someone.email, "second_factor": someone.second_factor, **changes}
        return self.issuer.id_token(someone.subject, **said)

    async def register(self, someone: Someone, *, api: RunningApi | None = None, **body: Any) -> Answer:
        """`POST /v1/sessions` as the portal does after the callback."""
        new = {"id_token": self.id_token(someone), "device_label": "Firefox on Linux", **body}
        asker = Asker((api or self.api).http, self.bearer_only(someone).headers)
        return await asker.post("/v1/sessions", new)

    async def sign_in(
        self, someone: Someone, *, second_factor: bool | None = None, api: RunningApi | None = None
    ) -> SignedIn:
        """A person with a session of their own, with their usual factors unless told."""
        shown = someone.second_factor if second_factor is None else second_factor
        id_token = self.id_token(someone, second_factor=shown)
        answer = await self.register(someone, api=api, id_token=id_token)
        assert answer.status == 201, answer
        bearer = self.issuer.access_token(someone.subject)
        session_id = answer.json["session_id"]
        return SignedIn(
            (api or self.api).http,
            {"authorization": f"Bearer {bearer}", AIDIAL_SESSION: session_id},
            someone=someone,
            user_id=self.user_ids.get(someone.name, ""),
            bearer=bearer,
            session_id=session_id,
        )

    async def at_v1(self, someone: Someone) -> Asker:
        """A person, as `getattr(world, name)` has them."""
        asker: Asker = getattr(self, someone.name)
        return asker

    async def sql(self, statement: str, *values: object) -> list[asyncpg.Record]:
        """One statement past every policy: to look at what was written, or to move time."""
        rows = await self.past_policies.fetch(statement, *values)
        if not statement.lstrip().startswith("SELECT"):
            await self.api.all_heard(self.past_policies)
        return rows

    async def age_session(self, session_id: str, **time_passed: float) -> None:
        """Let a session have been there for so long already: `age_session(id, minutes=31)`."""
        columns = ("created_at", "last_active_at", "idle_expires_at", "absolute_expires_at")
        earlier = ", ".join(f"{column} = {column} - $2::interval" for column in columns)
        await self.sql(
            f"UPDATE sessions SET {earlier} WHERE session_id = $1", session_id, timedelta(**time_passed)
        )

    async def events(self, target_id: str) -> list[asyncpg.Record]:
        """The audit events of one thing, oldest first."""
        return await self.sql("SELECT * FROM audit_events WHERE target_id = $1 ORDER BY event_id", target_id)


@asynccontextmanager
async def open_world(
    urls: PostgresUrls, *, more_environ: dict[str, str] | None = None
) -> AsyncIterator[World]:
    """Fill a migrated, empty database with everybody, serve the API, and sign everybody in."""
    master_key = os.urandom(32)
    async with AsyncExitStack() as stack:
        issuer = await stack.enter_async_context(running_issuer())
        environ = {
            "DATABASE_URL": urls.app_url,
            "AIDIAL_MASTER_KEY": base64.b64encode(master_key).decode(),
            "ZITADEL_ISSUER": issuer.url,
            "AIDIAL_API_AUDIENCE": API_AUDIENCE,
            "ZITADEL_CLIENT_ID": PORTAL_CLIENT_ID,
            "ZITADEL_MANAGEMENT_TOKEN": MANAGEMENT_TOKEN,
            "AIDIAL_LIMITS_SCALE": "1000",
            # A slow disk is not what is tried here.
            "AIDIAL_STORAGE_TIMEOUT_MS": "15000",
            "AIDIAL_STORAGE_URL": f"file://{stack.enter_context(TemporaryDirectory(prefix='aidial-files-'))}",
            # Tests sign the same people in again and again; those of the limit serve an API with the default.
            "AIDIAL_SESSIONS_PER_USER": "10000",
            **(more_environ or {}),
        }
        world = World(urls, issuer, environ, HeardProvisioner(urls.owner_url, master_key, issuer.url))
        stack.push_async_callback(world.past_policies.close)
        keys = await _provision(world)
        world.api = world.provisioner.api = await stack.enter_async_context(running_api(environ))
        for machine in MACHINES:
            text = keys[machine.name]
            holder = KeyHolder(world.api.http, {API_KEY: text}, machine=machine, key=text)
            setattr(world, machine.name, holder)
        await _deliver_calls(world)
        world.invoices = await open_books(urls)
        await allow_sms_codes(urls.owner_url)
        await _take_away(world)
        for someone in PEOPLE:
            setattr(world, someone.name, await world.sign_in(someone))
        # Nobody in these moves a mouse, and a slow run takes longer than half an hour.
        await world.sql("UPDATE sessions SET idle_expires_at = absolute_expires_at")
        yield world


async def _provision(world: World) -> dict[str, str]:
    await world.provisioner.add_partner(PARTNER, "Southern Cross Voice")
    for business in BUSINESSES:
        await world.provisioner.add_client(_new_client(business))
    for someone in PEOPLE:
        world.user_ids[someone.name] = await world.provisioner.add_person(_new_person(someone))
    keys = {}
    for machine in MACHINES:
        keys[machine.name], _ = new_api_key("live")
        await world.provisioner.add_key(
            machine.client_id,
            keys[machine.name],
            scope=machine.scope,
            description=machine.name,
            expires_at=datetime.now(UTC) - timedelta(hours=1) if machine.trouble == "expired" else None,
        )
    return keys


def _new_client(business: Business) -> NewClient:
    lines = (
        NewProject(project_id=one.project_id, display_name=one.name, timezone=one.timezone)
        for one in business.lines
    )
    return NewClient(
        client_id=business.client_id,
        name=business.name,
        timezone=business.timezone,
        partner_org_id=business.partner_org_id,
        lifecycle=business.lifecycle,
        projects=tuple(lines),
    )


def _new_person(someone: Someone) -> NewPerson:
    return NewPerson(
        email=someone.email,
        first_name=someone.first_name,
        last_name="Example",
        role=someone.role,
        client_id=someone.client_id,
        partner_org_id=someone.partner_org_id,
        projects=someone.projects,
    )


async def _deliver_calls(world: World) -> None:
    deliverers = {
        holder.machine.client_id: holder
        for machine, holder in world.machines().items()
        if machine.scope == "manage" and not machine.trouble
    }
    for client_id, call in CALLS:
        answer = await deliverers[client_id].post("/v1/calls", call)
        assert answer.status == 201, answer
        world.calls[call["external_id"]] = answer.json["call_id"]


async def _take_away(world: World) -> None:
    """What was switched off, revoked or suspended since."""
    for business in BUSINESSES:
        for line in business.lines:
            if not line.is_active:
                await world.sql(
                    "UPDATE projects SET is_active = false WHERE project_id = $1", line.project_id
                )
    for machine in MACHINES:
        if machine.trouble == "revoked":
            await world.sql(
                "UPDATE api_keys SET revoked_at = now(), revoked_reason = 'lost' WHERE description = $1",
                machine.name,
            )
    for someone in PEOPLE:
        if someone.membership != "active":
            await world.sql(
                "UPDATE memberships SET status = $2 WHERE user_id = $1",
                world.user_ids[someone.name],
                someone.membership,
            )
