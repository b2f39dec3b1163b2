"""What is good now: ids that a request uses up, and versions that move on, are renewed before it is sent.

The one thing a newcomer would get wrong: the known ids and versions of `hints.Good` are marks here. A drawn
request that has one gets what it stands for at that moment; every other value stays as it was drawn, so
that wrong ids and stale versions are asked too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemathesis import Case
from tests.matrix.records import SORTS, give_unlock, own_record, version_of
from tests.matrix.requests import record_name
from tests.support.api import World
from tests.support.askers import Asker, SignedIn

from aidial_api.kernel.route import Route
from fuzz.hints import Good

OK = 200


async def renewed(world: World, row: Route, good: Good, case: Case[Any], who: Asker) -> Mapping[str, str]:
    """Put into a request what its marks stand for; the headers of whoever sends it."""
    headers = who.headers
    if good.path and case.path_parameters == good.path:
        record = record_name(row)
        if "session_id" in good.path and isinstance(who, SignedIn):
            # One's own and the one that asks; some rows end it, and nobody else needs this one.
            person = await world.sign_in(who.someone)
            headers = person.headers
            case.path_parameters = {**good.path, "session_id": person.session_id}
        elif row.name == "unlocks.reveal" and isinstance(who, SignedIn):
            # Whose it is, and whether it is open, other rows change.
            unlock_id = await own_record(world, "unlock_id")
            await give_unlock(world, unlock_id, who.someone.email)
            case.path_parameters = {**good.path, "unlock_id": unlock_id}
        elif record and SORTS[record].spent_by(row.name, row.writes):
            case.path_parameters = {**good.path, record: await own_record(world, record)}
    if _is_marked(good.body, case.body):
        version = await _version(world, row, case, who)
        if version is not None:
            body: Any = case.body
            case.body = {**body, "expected_version": version}
    return headers


def _is_marked(good: Any, body: Any) -> bool:
    """Whether a body has the version that stands for the current one; a 1.0 or true is none."""
    if not isinstance(good, dict) or not isinstance(body, dict):
        return False
    known, sent = good.get("expected_version"), body.get("expected_version")
    return known is not None and type(sent) is int and sent == known


async def _version(world: World, row: Route, case: Case[Any], who: Asker) -> int | None:
    """The version of the record, or of the one document of the row's path; None for who may not see it."""
    if record_name(row):
        name = record_name(row)
        return await version_of(world, name, str(case.path_parameters[name]), row.name)
    answer = await who.get(row.path)
    return int(answer.json["version"]) if answer.status == OK else None
