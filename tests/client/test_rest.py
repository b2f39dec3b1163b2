"""Projects, numbers, who am I, and what the API says of itself."""

from __future__ import annotations

from datetime import date

import pytest

from aidial_client import AsyncAidial, InvalidRequest, NotAllowed, NotAuthenticated, NotFound
from aidial_client.errors import CLASSES
from aidial_contract import errors
from aidial_contract.errors import Category
from aidial_contract.ids import new_api_key
from tests.people import AFTER_HOURS, FRONT_DESK, HARBOUR, NORTHSIDE, OLD_LINE
from tests.support.api import World
from tests.support.world_calls import new_call


async def test_a_key_sees_the_projects_of_its_business(reader: AsyncAidial) -> None:
    projects = await reader.projects()
    assert {one.project_id: one.is_active for one in projects} == {
        FRONT_DESK: True,
        AFTER_HOURS: True,
        OLD_LINE: False,
    }
    assert await reader.projects(client_id=HARBOUR) == projects
    with pytest.raises(NotFound):
        await reader.projects(client_id=NORTHSIDE)


async def test_a_key_is_told_who_it_is(reader: AsyncAidial) -> None:
    context = await reader.session_context()
    assert context.actor == "key"
    assert context.key is not None
    assert (context.client_id, context.key.scope) == (HARBOUR, "read")


async def test_numbers_of_a_period(reader: AsyncAidial) -> None:
    summary = await reader.summary(range="30d", project_id=FRONT_DESK)
    assert summary.kpis["total_calls"].value >= 2
    bars = await reader.timeseries(from_=date(2026, 1, 1), to=date(2026, 1, 14), interval="week")
    assert bars.interval == "week"
    assert bars.points[0].at.date() <= date(2026, 1, 1)
    with pytest.raises(InvalidRequest):
        await reader.summary(from_=date(2026, 1, 1), to=date(2024, 1, 1))


async def test_the_api_describes_its_errors_and_its_health(reader: AsyncAidial) -> None:
    assert {one.code for one in await reader.errors()} == set(errors.ERRORS)
    health = await reader.health()
    assert health.status in {"pass", "warn"}
    assert health.service == "aidial_api"


@pytest.mark.parametrize(
    ("name", "code"), [("expired_key", "api_key_expired"), ("revoked_key", "api_key_revoked")]
)
async def test_a_key_that_ended_is_told_so(world: World, name: str, code: str) -> None:
    key = next(one.key for machine, one in world.machines().items() if machine.name == name)
    async with AsyncAidial(world.api.url, key) as client:
        with pytest.raises(NotAuthenticated) as refused:
            await client.projects()
    assert (refused.value.code, refused.value.status) == (code, 401)


async def test_an_unknown_key_is_not_authenticated(world: World) -> None:
    async with AsyncAidial(world.api.url, new_api_key("live")[0]) as client:
        with pytest.raises(NotAuthenticated) as refused:
            await client.projects()
    assert refused.value.code == "api_key_invalid"


async def test_a_reading_key_may_not_deliver(reader: AsyncAidial) -> None:
    with pytest.raises(NotAllowed) as refused:
        await reader.deliver_call(new_call(FRONT_DESK, "by-a-reader"))
    assert (refused.value.code, refused.value.status) == ("scope_insufficient", 403)


async def test_what_the_api_logged_can_be_found_by_the_request_id(
    reader: AsyncAidial, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NotFound) as refused:
        await reader.call("nothing")
    request_id = refused.value.request_id
    assert request_id in str(refused.value)
    assert request_id in capsys.readouterr().out


def test_every_category_has_a_class_of_its_own() -> None:
    assert set(CLASSES) == set(Category)
    assert len(set(CLASSES.values())) == len(Category)


@pytest.mark.parametrize(
    "api_url",
    ["", "api.example", "ftp://api.example", "https://user:pw@api.example", "https://api.example/?a=b"],
)
def test_an_address_that_cannot_be_one_is_refused_at_once(api_url: str) -> None:
    with pytest.raises(ValueError, match="api_url must be") as refused:
        AsyncAidial(api_url, new_api_key("test")[0])
    assert "pw" not in str(refused.value)


def test_a_key_with_a_letter_missing_is_refused_at_once() -> None:
    key = new_api_key("test")[0]
    with pytest.raises(ValueError, match="not a whole API key") as refused:
        AsyncAidial("https://api.example", key[:-1])
    assert key[-20:-1] not in str(refused.value)
