"""A short slice of `make fuzz`: schemathesis over our OpenAPI, the same few hundred requests each time."""

from __future__ import annotations

import pytest
from fuzz.contract import LOCKS_OUT, SHORT, judge, run
from fuzz.report import Budget, Report
from schemathesis.transport.requests import REQUESTS_TRANSPORT

from aidial_api.routes import TABLE
from tests.support.api import open_world
from tests.support.postgres import PostgresServer


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_the_api_answers_as_its_description_says(
    postgres_server: PostgresServer, worker_id: str
) -> None:
    async with open_world(postgres_server.migrated_database(f"aidial_fuzz_{worker_id}")) as world:
        report = await run(world, Budget(seed=1), SHORT)
    assert report.findings == {}
    assert report.cases >= 300


@pytest.mark.parametrize("kind", sorted({kind for row in TABLE.rows for kind in row.takes if kind}))
def test_every_media_type_a_row_takes_can_be_sent(kind: str) -> None:
    assert REQUESTS_TRANSPORT.get_first_matching_media_type(kind) is not None


WELL = {(row.name, 200): 1 for row in TABLE.rows if row.name not in LOCKS_OUT}


def test_a_long_run_in_which_every_row_answered_well_found_nothing() -> None:
    report = Report("contract", cases=10_000)
    judge(report, WELL, Budget(cases=10_000))
    assert report.findings == {}


def test_a_long_run_that_never_reached_a_row_says_which_and_what_it_answered() -> None:
    report = Report("contract", cases=10_000)
    statuses = {key: many for key, many in WELL.items() if key[0] != "workspace.publish"}
    judge(report, {**statuses, ("workspace.publish", 409): 7}, Budget(cases=10_000))
    assert report.findings == {"workspace.publish: never answered well": "its answers by status: {409: 7}"}


def test_a_long_run_with_too_few_requests_is_none() -> None:
    report = Report("contract", cases=9_999)
    judge(report, WELL, Budget(cases=10_000))
    assert report.findings == {"too few requests": "9,999 of at least 10,000"}


def test_a_quick_look_only_tells_which_rows_it_never_reached() -> None:
    report = Report("contract", cases=5)
    judge(report, {}, Budget())
    assert report.findings == {}
    assert report.notes[0].startswith(f"0 of {len(TABLE.rows)} rows succeeded; never: ")
