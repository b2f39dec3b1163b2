"""The HTTP of status: from an ask to an answer.

The one thing a newcomer would get wrong: who sees which incident is decided by reach, not here.
"""

from __future__ import annotations

from aidial_api.kernel import incidents as concerned
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.paging import read_cursor
from aidial_api.kernel.route import CREATED, Answer
from aidial_api.surfaces.status import service, store
from aidial_contract.shapes.status import Incident, IncidentAnswer, IncidentList


async def show_report(ask: Ask) -> Answer:
    """How things are."""
    return Answer(await service.report(ask))


async def show_list(ask: Ask) -> Answer:
    """One page of incidents, resolved ones too."""
    query, lines, everything = ask.query, concerned.lines(ask.reach), service.sees_all(ask)
    bound = ("incidents", "*" if everything else ",".join(lines), ",".join(query["state"] or ()))
    before = read_cursor(ask.services.cursors, query["cursor"], str, *bound)
    limit: int = query["limit"]
    rows = await store.page(ask.tx, lines, query["state"], before, limit + 1, all_of_them=everything)
    cursor = None
    if len(rows) > limit:
        rows = rows[:limit]
        cursor = ask.services.cursors.encode(str(rows[-1]["incident_id"]), *bound)
    return Answer(IncidentList(incidents=await service.shown(ask, rows), next_cursor=cursor))


async def show(ask: Ask) -> Answer:
    """One incident with what was said about it."""
    return Answer(IncidentAnswer(incident=(await service.shown(ask, [ask.found]))[0]))


async def create(ask: Ask) -> Answer:
    """201 with the incident, which is seen from now on."""
    incident_id = await service.publish(ask)
    headers = {"location": f"/v1/incidents/{incident_id}"}
    return Answer(IncidentAnswer(incident=await _as_it_is(ask, incident_id)), status=CREATED, headers=headers)


async def change(ask: Ask) -> Answer:
    """The incident after its update."""
    await service.update(ask)
    return Answer(IncidentAnswer(incident=await _as_it_is(ask, str(ask.found["incident_id"]))))


async def _as_it_is(ask: Ask, incident_id: str) -> Incident:
    row = await store.find(ask.tx, (), incident_id, all_of_them=True)
    if row is None:
        raise RuntimeError("an incident just written cannot be read")
    return (await service.shown(ask, [row]))[0]
