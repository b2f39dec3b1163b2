"""Telling people that a transfer failed: one round of e-mails about a call, however often it is reported.

The one thing a newcomer would get wrong: a call names a destination by its label as it was then. The newest
version of the project in which a destination had that label says which one it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aidial_api.kernel import destinations
from aidial_api.kernel.jobs import Job
from aidial_api.kernel.masking import mask_number
from aidial_api.kernel.outgoing import transfer_alerts
from aidial_api.kernel.outgoing.queue import Wanted, add
from aidial_api.kernel.outgoing.sending import Content, Occasion
from aidial_api.kernel.reach import Reach
from aidial_api.surfaces.notifications import store
from aidial_api.surfaces.notifications.words import length, moment, one_line
from aidial_contract.transfers import has_failed

if TYPE_CHECKING:
    from aidial_api.kernel.db import Database
    from aidial_api.kernel.storage import Files

KIND: Final = "transfer_failed"
_WHY: Final = (
    "You get this because your organisation has failed transfers to this destination told to you. An"
    " administrator changes that in AiDial under Settings, Transfer alerts."
)


async def alert(db: Database, files: Files, *, client_id: str, project_id: str, call_id: str) -> None:
    """Queue the e-mails about one call, unless there was a round of them already."""
    async with db.transaction(Reach((client_id,))) as tx:
        call = await store.transfer_of(tx, client_id, call_id)
        if call is None or not has_failed(call["result"]):
            return
        if await store.was_told(tx, client_id, call_id, KIND):
            return
        code = await destinations.code_of(tx, client_id, project_id, call["destination"])
        key = await files.keys.get(tx, client_id)
        chosen = await transfer_alerts.find(tx, key, project_id)
        for address in () if chosen is None or code is None else chosen.alerts.get(code, ()):
            wanted = Wanted(
                kind=KIND,
                channel="email",
                about_id=call_id,
                project_id=project_id,
                recipient=address,
                mask=True,
            )
            await add(tx, key, wanted)


async def write(occasion: Occasion) -> Content | None:
    """The e-mail: which line, to whom, what came of it, who called. None when the call is no more."""
    call = await store.transfer_of(occasion.tx, occasion.key.client_id, occasion.about_id)
    if call is None:
        return None
    line, at = one_line(call["display_name"]), moment(call["started_at"], call["timezone"])
    destination = one_line(call["destination"])
    column = "from_number" if call["direction"] == "inbound" else "to_number"
    number = "a withheld number"
    if call[column] is not None:
        plain = occasion.key.decrypt(call[column], purpose=column, record=call["call_id"]).decode()
        number = mask_number(plain) if occasion.mask else plain
    took = "" if call["duration_seconds"] is None else f", {length(call['duration_seconds'])}"
    lines = [
        line,
        f"A call was to be handed over to {destination}, and was not: {one_line(call['result'])}.",
        "",
        f"{'Caller' if call['direction'] == 'inbound' else 'Called'}: {number}",
        f"Call: {call['direction']}, {at}{took}",
        "What was said instead stands with the call in AiDial.",
        "",
        _WHY,
    ]
    return Content(f"Transfer to {destination} failed on {line}, {at}", "\n".join(lines) + "\n")


ALERT: Final = Job(transfer_alerts.ALERT_JOB, alert, with_files=True)
