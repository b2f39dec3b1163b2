"""The HTTP of calls: from an ask to an answer.

The one thing a newcomer would get wrong: no handler looks at a role; the guard found the level.
"""

from __future__ import annotations

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.preconditions import etag, require_match
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.calls import delivery, listing, progress, store, turns
from aidial_api.surfaces.calls.caller import calls_of_caller
from aidial_api.surfaces.calls.present import Shown, to_call
from aidial_api.surfaces.calls.sensitive import refuse_sensitive
from aidial_contract.access import Level
from aidial_contract.fault import Fault
from aidial_contract.ids import parse_uuid
from aidial_contract.scope import ProjectReach
from aidial_contract.shapes.calls import CallList, NewCall, Transcript, Turn

NO_CALL = "00000000-0000-0000-0000-000000000000"
_turns = msgspec.json.Decoder(list[Turn])


async def find(ask: Ask) -> asyncpg.Record | None:
    """The call the path names, through the scope; held for change by unsafe rows."""
    call_id = parse_uuid(ask.path["call_id"]) or NO_CALL
    writes = ask.route is not None and ask.route.writes
    return await store.find_call(ask.tx, ask.reach, call_id, for_change=writes)


async def find_project(ask: Ask) -> ProjectReach | None:
    """The project the body names, through the scope; a switched-off one takes no calls."""
    body: NewCall = ask.body
    project_id = parse_uuid(body.project_id)
    for project in ask.reach.projects:
        if project.project_id == project_id and project.is_active:
            ask.found = project
            # One spelling from here on, so that the same call in capitals is the same call.
            body.project_id = project.project_id
            return project
    return None


def _tag(ask: Ask, row: asyncpg.Record) -> str:
    return etag(ask.services.etag_key, row["client_id"], str(row["call_id"]), row["version"])


async def _answer(ask: Ask, row: asyncpg.Record, status: int = 200) -> Answer:
    key = await ask.services.tenant_keys.get(ask.tx, row["client_id"])
    call = to_call(row, key, ask.level or Level.MASKED)
    headers = {"etag": _tag(ask, row)}
    if status == 201:  # noqa: PLR2004 - HTTP
        headers["location"] = f"/v1/calls/{call.call_id}"
    return Answer(call, status=status, headers=headers)


async def create(ask: Ask) -> Answer:
    """201 with the call, 200 with the stored one for the same content again."""
    project: ProjectReach = ask.found
    ask.level = Level.MASKED
    row, is_new = await delivery.deliver(ask, project.client_id)
    return await _answer(ask, row, 201 if is_new else 200)


async def show(ask: Ask) -> Answer:
    """One call."""
    return await _answer(ask, ask.found)


async def change(ask: Ask) -> Answer:
    """The call after its change, with the new ETag."""
    require_match(ask.if_match, _tag(ask, ask.found))
    ask.level = Level.MASKED
    return await _answer(ask, await progress.apply(ask, ask.found))


async def append_turns(ask: Ask) -> Answer | Fault:
    """The call with the turns behind its own, with the new ETag."""
    ask.level = Level.MASKED
    outcome = await turns.append(ask, ask.found)
    return outcome if isinstance(outcome, Fault) else await _answer(ask, outcome)


async def show_transcript(ask: Ask) -> Answer:
    """The redacted turns of one call."""
    row: asyncpg.Record = ask.found
    text, deleted_for = await store.read_turns(ask.tx, row["client_id"], str(row["call_id"]))
    state = row["transcript_state"]
    visible = state not in {"hidden", "redaction_failed", "retention_expired"}
    transcript = Transcript(
        call_id=str(row["call_id"]),
        state=state,
        turns=_turns.decode(text) if text and visible else [],
        deleted_for=deleted_for if state == "retention_expired" else None,
    )
    return Answer(transcript, headers={"etag": _tag(ask, row)})


async def show_list(ask: Ask) -> Answer:
    """One page of calls."""
    level = ask.level or Level.MASKED
    if ask.query["q"] is not None:
        refuse_sensitive(ask)
    caller = await calls_of_caller(ask) if ask.query["caller"] is not None else None
    page = await listing.list_page(
        ask.tx, ask.services.db.counting, ask.reach, ask.query, ask.services.cursors, caller
    )
    clients = {row["client_id"] for row in page.rows}
    shown = {
        client_id: Shown(await ask.services.tenant_keys.get(ask.tx, client_id), level)
        for client_id in clients
    }
    calls = [shown[row["client_id"]].call(row) for row in page.rows]
    return Answer(CallList(calls=calls, next_cursor=page.next_cursor, matching=page.matching))
