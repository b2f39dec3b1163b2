"""Telling a project's people of a call that is over: a message to each, queued once.

The one thing a newcomer would get wrong: who gets it is what the project says when the job runs, some moments
after the call; and a job that runs twice queues nothing twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_api.kernel.jobs import Job
from aidial_api.kernel.outgoing import recipients
from aidial_api.kernel.outgoing.queue import Wanted, add
from aidial_api.kernel.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aidial_api.kernel.db import Database
    from aidial_api.kernel.storage import Files
    from aidial_contract.shapes.notifications import Notifications


async def announce(db: Database, files: Files, *, client_id: str, project_id: str, call_id: str) -> None:
    """Queue the messages about one call."""
    async with db.transaction(Reach((client_id,))) as tx:
        key = await files.keys.get(tx, client_id)
        chosen = await recipients.find(tx, key, project_id)
        for wanted in () if chosen is None else _wanted(chosen, project_id, call_id):
            await add(tx, key, wanted)


def _wanted(chosen: Notifications, project_id: str, call_id: str) -> Iterator[Wanted]:
    if chosen.email_transcript.enabled:
        for address in chosen.email_transcript.recipients:
            yield Wanted(
                kind="call_transcript",
                channel="email",
                about_id=call_id,
                project_id=project_id,
                recipient=address,
                mask=chosen.email_transcript.mask,
            )
    if chosen.sms_summary.enabled:
        for mobile in chosen.sms_summary.recipients:
            yield Wanted(
                kind="call_summary",
                channel="sms",
                about_id=call_id,
                project_id=project_id,
                recipient=mobile,
                mask=False,
            )


ANNOUNCE: Final = Job(recipients.ANNOUNCE_JOB, announce, with_files=True)
