"""Who gets which CSV of a project's calls, and what the activity log says of it."""

from __future__ import annotations

import csv
import re
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from aidial_api.surfaces.calls import columns, export
from aidial_contract.csv_text import csv_lines, neutral
from aidial_contract.shapes.downloads import FULL_COLUMNS, METADATA_COLUMNS, SENSITIVE_COLUMNS
from tests.api.calls.lines import Business, open_business
from tests.api.calls.reading_csv import rows_of
from tests.people import AFTER_HOURS, FRONT_DESK, NORTHSIDE_LINE
from tests.support.api import World, running_api
from tests.support.askers import Asker
from tests.support.world_calls import CALLER, new_call

FRONT = f"/v1/calls/export?project_id={FRONT_DESK}"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def test_what_the_database_writes_is_a_column() -> None:
    assert set(columns._WRITTEN) <= {*METADATA_COLUMNS, *FULL_COLUMNS, *SENSITIVE_COLUMNS}


async def test_alice_gets_every_column_but_the_sensitive_ones(world: World) -> None:
    answer = await world.alice.get(FRONT)
    rows = rows_of(answer)
    assert list(rows[0]) == [*METADATA_COLUMNS, *FULL_COLUMNS]
    (first,) = [row for row in rows if row["external_id"] == "front-1"]
    assert first["call_id"] == world.calls["front-1"]
    assert first["from_number"] == f"'{CALLER}"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+1[01]:00", first["started_at"])
    assert re.fullmatch(
        r'attachment; filename="calls-\d{4}-\d\d-\d\d\.csv"', answer.headers["content-disposition"]
    )
    assert answer.headers["cache-control"] == "no-store"
    assert "content-length" not in answer.headers


async def test_ben_and_priya_get_metadata_with_numbers_chloe_and_keys_with_masked_ones(world: World) -> None:
    shown = {}
    for name in ("ben", "priya", "chloe", "harbour_read"):
        rows = rows_of(await getattr(world, name).get(FRONT))
        assert list(rows[0]) == list(METADATA_COLUMNS)
        (first,) = [row for row in rows if row["external_id"] == "front-1"]
        shown[name] = first["from_number"]
    masked = "'+61 ... 567"
    assert shown == {"ben": f"'{CALLER}", "priya": f"'{CALLER}", "chloe": masked, "harbour_read": masked}


async def test_the_others_find_nothing(world: World) -> None:
    for somebody in (world.tom, world.ada, world.omar, world.nobody, world.mallory):
        assert (await somebody.get(FRONT)).status == 404
    assert (await world.chloe.get(f"/v1/calls/export?project_id={AFTER_HOURS}")).status == 404
    assert (await world.alice.get(f"/v1/calls/export?project_id={NORTHSIDE_LINE}")).status == 404


async def test_only_alice_may_ask_for_sensitive_columns_and_says_why(world: World) -> None:
    asked = f"{FRONT}&include=metadata,summary"
    for somebody in (world.ben, world.chloe, world.priya, world.harbour_read):
        assert (await somebody.get(f"{asked}&reason=because")).status == 404
    silent = await world.alice.get(asked)
    assert (silent.status, silent.code) == (422, "validation_failed")
    assert [one["field"] for one in silent.json["field_errors"]] == ["query.reason"]
    rows = rows_of(await world.alice.get(f"{asked}&reason=because"))
    assert list(rows[0])[-2:] == ["summary", "metadata"]


async def test_a_project_has_to_be_chosen(world: World) -> None:
    for path in ("/v1/calls/export", "/v1/calls/export?status=missed"):
        answer = await world.alice.get(path)
        assert (answer.status, answer.code) == (422, "validation_failed")
        assert [one["field"] for one in answer.json["field_errors"]] == ["query.project_id"]
    for wrong in ("cursor=x", "limit=5", "unknown=1"):
        assert (await world.alice.get(f"{FRONT}&{wrong}")).code == "unsupported_query_parameter"
    assert (await world.alice.get(f"{FRONT}&include=everything")).code == "unsupported_query_value"


async def test_the_filters_of_the_list_are_those_of_the_export(world: World) -> None:
    # One page of the list has to hold them all.
    clinic = await open_business(world, "Australia/Sydney")
    line = clinic.lines[0]
    several: tuple[dict[str, Any], ...] = (
        {"status": "missed", "end_reason": "missed"},
        {"outcome": "quote"},
        {"from_number": "+61399990001"},
    )
    for number, changes in enumerate(several):
        await clinic.deliver(new_call(line, f"filter-{number}", **changes))
    for query in ("status=missed", "outcome=quote", "caller=0399990001", "sort=duration", "from=2020-01-01"):
        listed = (await clinic.admin.get(f"/v1/calls?project_id={line}&limit=100&{query}")).json["calls"]
        rows = rows_of(await clinic.admin.get(f"/v1/calls/export?project_id={line}&{query}"))
        assert listed
        assert [row["call_id"] for row in rows] == [call["call_id"] for call in listed], query


async def test_each_export_is_in_the_activity_log_before_it_is_read(world: World, clinic: Business) -> None:
    line = clinic.lines[1]
    await clinic.deliver(new_call(line, "logged-1"))
    path = f"/v1/calls/export?project_id={line}&status=completed&include=summary&bom=yes"
    answer = await clinic.admin.get(f"{path}&reason=Asked%20for%20by%200412%20345%20678")
    assert answer.body.startswith("\ufeffcall_id,".encode())
    count = len(rows_of(answer))
    event = (await world.events(line))[-1]
    assert (event["action"], event["outcome"], event["client_id"]) == (
        "calls.exported",
        "done",
        clinic.client_id,
    )
    assert str(event["project_id"]) == line
    assert event["why"] == "Asked for by [PHONE]"
    assert f'"count": {count}' in event["technical"]
    assert '"filters": ["status"]' in event["technical"]
    assert '"include": ["summary"]' in event["technical"]
    events = len(await world.events(line))
    head = await clinic.admin.ask("HEAD", path + "&reason=x")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-type"].startswith("text/csv")
    for refused in (clinic.staff, world.mallory):
        assert (await refused.get(path)).status == 404
    assert len(await world.events(line)) == events


async def test_no_cell_is_a_formula(clinic: Business) -> None:
    line = clinic.lines[0]
    hostile = [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        " =1+1",
        "\t=1",
        '=HYPERLINK("http://x","y")',
        "a\r\n=1",
        'q"uote,',
    ]
    for number, text in enumerate(hostile):
        await clinic.deliver(
            new_call(
                line,
                f"=formula-{number}",
                agent={"id": "@agent", "name": "=agent()"},
                summary=text,
                metadata={"=key": text},
                outcome=text.strip()[:80].replace("\r\n", " "),
            )
        )
    answer = await clinic.admin.get(
        f"/v1/calls/export?project_id={line}&include=summary,metadata&reason=x&agent=@agent"
    )
    rows = rows_of(answer)
    assert len(rows) == len(hostile)
    assert {row["summary"].lstrip("'") for row in rows} == set(hostile)
    for row in rows:
        for name, cell in row.items():
            assert not cell.startswith(FORMULA_STARTS), (name, cell)
            assert not cell.lstrip().startswith(FORMULA_STARTS), (name, cell)


@pytest.mark.parametrize("text", ["=1", "\uff1d1", "  -2", "\n+3", "@", "\t"])
def test_what_a_spreadsheet_would_run_becomes_text(text: str) -> None:
    assert neutral(text) == f"'{text}"
    (row,) = csv.reader(StringIO(csv_lines([[text, None, 5]]).decode(), newline=""))
    assert row == [f"'{text}", "", "5"]


async def test_one_call_more_than_the_limit_is_refused_before_the_first_byte(
    world: World, clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "TOTAL_MS", 5_000)  # however busy this machine is
    line = clinic.lines[1]
    for number in range(4):
        await clinic.deliver(new_call(line, f"many-{number}", age=timedelta(days=number), outcome="many"))
    path = f"/v1/calls/export?project_id={line}&outcome=many"
    async with running_api({**world.environ, "AIDIAL_LIMIT_CALL_EXPORT_ROWS": "4"}) as api:
        admin = Asker(api.http, clinic.admin.headers)
        assert len(rows_of(await admin.get(path))) == 4
        await clinic.deliver(new_call(line, "many-4", outcome="many"))
        await clinic.deliver(new_call(line, "many-5", outcome="many"))
        events = len(await world.events(line))
        answer = await admin.get(path)
    assert (answer.status, answer.code) == (413, "export_too_large")
    details: dict[str, Any] = answer.json["details"]
    assert (details["matching"], details["limit"], details["matching_capped"]) == (6, 4, False)
    assert "from" in details["narrow_by"]
    assert "outcome" not in details["narrow_by"]
    assert len(await world.events(line)) == events


async def test_nobody_is_told_to_narrow_by_what_is_a_404_to_them(world: World, clinic: Business) -> None:
    line = clinic.lines[0]
    for number in range(2):
        await clinic.deliver(new_call(line, f"narrow-{number}", outcome="narrow"))
    path = f"/v1/calls/export?project_id={line}&outcome=narrow"
    offered = {}
    async with running_api({**world.environ, "AIDIAL_LIMIT_CALL_EXPORT_ROWS": "1"}) as api:
        for who, asker in (("admin", clinic.admin), ("staff", clinic.staff)):
            person = Asker(api.http, asker.headers)
            offered[who] = (await person.get(path)).json["details"]["narrow_by"]
            assert ((await person.get(f"{path}&caller=567")).status == 404) is (who == "staff")
    assert [name for name in offered["admin"] if name not in offered["staff"]] == ["caller"]
    assert offered["admin"][:2] == ["from", "to"]
    assert offered["admin"][-2:] == ["caller", "q"]


async def test_an_export_of_several_parts_is_whole_and_in_order(
    clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = clinic.lines[0]
    for number in range(7):
        await clinic.deliver(
            new_call(line, f"part-{number}", age=timedelta(hours=number % 3), outcome="parts")
        )
    path = f"/v1/calls/export?project_id={line}&outcome=parts&sort="
    whole = {sort: rows_of(await clinic.admin.get(path + sort)) for sort in ("-started_at", "duration")}
    for size in (1, 3, 7):
        monkeypatch.setattr(export, "PART_ROWS", size)
        for sort, rows in whole.items():
            assert rows_of(await clinic.admin.get(path + sort)) == rows
            assert len(rows) == 7
