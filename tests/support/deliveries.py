"""Messages about Harbour's calls: queue one, have the worker send what is due, see what became of it."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any

import asyncpg

from aidial.worker import post_of, work
from aidial_api.kernel.jobs import DELIVERIES
from aidial_api.kernel.outgoing.port import Post
from aidial_api.kernel.outgoing.queue import Channel, Wanted, add
from aidial_api.kernel.reach import Reach
from aidial_api.settings import read_settings
from aidial_contract.ids import new_id
from tests.people import FRONT_DESK, HARBOUR
from tests.support.api import World
from tests.support.portal import Town
from tests.support.smtp import Mailbox
from tests.support.world_calls import new_call

MANAGER = "reception@harbour.example"
MOBILE = "+61412000111"
ROUNDS = 10
_DUE = """
SELECT 1 FROM jobs.procrastinate_jobs WHERE status = 'todo' AND scheduled_at <= now()
    AND (task_name LIKE 'deliveries.%' OR task_name LIKE 'notifications.%')
"""


Place = World | Town


def post(world: Place, **more_environ: str) -> Post:
    """What the worker sends with, as these settings say."""
    return post_of(read_settings({**world.environ, **more_environ}))


def by_smtp(port: int) -> dict[str, str]:
    """The settings of a mail server on a port of this machine."""
    return {
        "AIDIAL_MAIL": "smtp",
        "AIDIAL_SMTP_HOST": "127.0.0.1",
        "AIDIAL_SMTP_PORT": str(port),
        "AIDIAL_SMTP_SECURITY": "none",
        "AIDIAL_MAIL_FROM": "AiDial <no-reply@aidial.example>",
    }


async def delivered_call(world: World, **changes: Any) -> str:
    """A call of Harbour's front desk, to send messages about: none that other tests queued is still due."""
    await world.sql(
        "DELETE FROM jobs.procrastinate_jobs WHERE status = 'todo' AND queue_name = $1", DELIVERIES
    )
    call = new_call(FRONT_DESK, f"told-{new_id()}", **changes)
    answer = await world.harbour_manage.post("/v1/calls", call)
    assert answer.status == 201, answer
    return str(answer.json["call_id"])


async def queue(
    world: Place,
    call_id: str,
    recipient: str = MANAGER,
    *,
    kind: str = "call_transcript",
    channel: Channel = "email",
    mask: bool = False,
) -> bool:
    """Queue a message about a call, as the application does."""
    services = world.api.app.services
    assert services is not None
    async with services.db.transaction(Reach((HARBOUR,))) as tx:
        key = await services.tenant_keys.get(tx, HARBOUR)
        wanted = Wanted(
            kind=kind,
            channel=channel,
            about_id=call_id,
            project_id=FRONT_DESK,
            recipient=recipient,
            mask=mask,
        )
        return await add(tx, key, wanted)


async def send_due(world: Place, through: Post | None = None) -> None:
    """Let the worker do what is due now, and what comes of that at once."""
    for _ in range(ROUNDS):
        await work(world.urls.app_url, wait=False, post=through or post(world))
        if not await world.sql(_DUE):
            return
    raise AssertionError("the worker comes to no end")


async def deliveries(world: Place, about_id: str) -> list[asyncpg.Record]:
    """The messages about a call, the oldest first."""
    return await world.sql("SELECT * FROM deliveries WHERE about_id = $1 ORDER BY delivery_id", about_id)


async def letters_about(world: Place, mailbox: Mailbox, about_id: str) -> list[EmailMessage]:
    """What a mail server took about a call; the worker also sends it mail that other tests left due."""
    ours = {str(row["delivery_id"]) for row in await deliveries(world, about_id)}
    return [one for one in mailbox.letters if str(one["Message-ID"])[1:].partition("@")[0] in ours]


async def hasten(world: Place, about_id: str) -> None:
    """Let the time until the next try pass."""
    await world.sql(
        "UPDATE deliveries SET next_attempt_at = now() WHERE about_id = $1 AND next_attempt_at IS NOT NULL",
        about_id,
    )
    await world.sql(
        "UPDATE jobs.procrastinate_jobs SET scheduled_at = now() - interval '1 s' WHERE status = 'todo'"
        " AND args ->> 'delivery_id' IN (SELECT delivery_id::text FROM deliveries WHERE about_id = $1)",
        about_id,
    )
