"""811 dialogues with a booking agent go in through the real API, and who may read them afterwards.

What people see of them in a browser is tried in `tests/browser/test_ingested.py`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from aidial.ingest import Report, ingest_file
from aidial_contract.headers import API_KEY
from tests.api.calls.lines import Business, open_business
from tests.support.api import World
from tests.support.askers import Asker
from tests.support.dialogues import DIALOGUES, needs_dialogues, read_dialogues, said_numbers

pytestmark = needs_dialogues


@dataclass(frozen=True, slots=True)
class Ingested:
    """A business, what became of the file, and its lines."""

    business: Business
    report: Report
    dialogues: list[dict[str, Any]]


async def ingest(world: World, business: Business) -> Report:
    key = business.key.headers[API_KEY]
    return await asyncio.to_thread(ingest_file, DIALOGUES, world.api.url, key, business.lines[0])


@pytest.fixture(scope="module")
async def ingested(world: World) -> Ingested:
    business = await open_business(world, "Australia/Sydney")
    return Ingested(business, await ingest(world, business), read_dialogues())


async def every_call(asker: Asker) -> AsyncIterator[dict[str, Any]]:
    """Walk the whole list, a hundred calls a page."""
    cursor: str | None = ""
    while cursor is not None:
        page = (await asker.get("/v1/calls?limit=100" + (f"&cursor={cursor}" if cursor else ""))).json
        for call in page["calls"]:
            yield call
        cursor = page["next_cursor"]


async def test_every_dialogue_goes_in_and_only_once(world: World, ingested: Ingested) -> None:
    count = len(ingested.dialogues)
    report = ingested.report
    assert (report.created, report.already_there, report.refused) == (count, 0, [])
    again = await ingest(world, ingested.business)
    assert (again.created, again.already_there, again.refused) == (0, count, [])


async def test_the_admin_reads_them_all_and_staff_the_same_with_masked_callers(ingested: Ingested) -> None:
    ids = {one["id"] for one in ingested.dialogues}
    seen = {call["external_id"]: call async for call in every_call(ingested.business.admin)}
    masked = {call["external_id"]: call async for call in every_call(ingested.business.staff)}
    assert set(seen) == set(masked) == ids
    for name, call in seen.items():
        number, shown = call["from_number"], masked[name]["from_number"]
        assert " ... " not in number
        assert (shown[:3], shown[-3:]) == (number[:3], number[-3:])
        assert " ... " in shown
    first = (await ingested.business.admin.get("/v1/calls")).json
    assert first["matching"] == {"count": len(ids), "capped": False}


async def test_no_stranger_reads_one(world: World, ingested: Ingested) -> None:
    call = (await ingested.business.admin.get("/v1/calls?limit=1")).json["calls"][0]
    for path in (f"/v1/calls/{call['call_id']}", f"/v1/calls/{call['call_id']}/transcript"):
        assert (await world.anonymous.get(path)).status == 401
        assert (await world.mallory.get(path)).status == 404
        assert (await world.northside_manage.get(path)).status == 404
    listed = (await world.mallory.get("/v1/calls?limit=100")).json["calls"]
    assert ingested.business.client_id not in {one["client_id"] for one in listed}


async def test_no_number_that_was_said_can_be_read(ingested: Ingested) -> None:
    said = {
        one["id"]: [re.sub(r"\D", "", number) for number in said_numbers(one)] for one in ingested.dialogues
    }
    assert sum(map(len, said.values())) > 100
    admin = ingested.business.admin
    calls = [call async for call in every_call(admin)]

    async def readable(call: dict[str, Any]) -> list[str]:
        transcript = (await admin.get(f"/v1/calls/{call['call_id']}/transcript")).json
        assert transcript["state"] == "available"
        shown = [turn["text"] for turn in transcript["turns"]] + [call["summary"] or ""]
        digits = [re.sub(r"\D", "", text) for text in shown]
        numbers = [number for number in said[call["external_id"]] if len(number) >= 7]
        return [number for number in numbers if any(number in text for text in digits)]

    for start in range(0, len(calls), 20):
        found = await asyncio.gather(*(readable(call) for call in calls[start : start + 20]))
        assert not any(found)
