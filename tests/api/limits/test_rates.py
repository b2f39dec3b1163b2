"""Rates of the API as a key, a tenant, a person and a stranger meet them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aidial_api.kernel.limits import BUCKETS
from aidial_contract.ids import new_api_key, new_id
from aidial_contract.limits import RATES
from aidial_contract.settings import ConfigurationError
from tests.api.kernel.strict import at, unhurried
from tests.api.limits.clock import limited
from tests.people import FRONT_DESK, HARBOUR, TOM
from tests.support.api import World, running_api
from tests.support.askers import Answer, Asker
from tests.support.statements import nobody_known, statements_of_requests
from tests.support.world_calls import new_call

PROJECTS = "/v1/projects"
AWAY = {"x-aidial-client-ip": "203.0.113.9"}
SECTION_7 = {
    "reads": {(600, 60), (60, 6)},
    "reads_of_tenant": {(3_000, 60)},
    "deliveries": {(12_000, 60), (1_200, 6)},
    "deliveries_of_tenant": {(30_000, 60)},
    "failed_credentials": {(60, 60)},
    "session": {(120, 60)},
}
"""Copied by hand."""


def parsed(field: str) -> dict[str, dict[str, int]]:
    """A list of structured-field items with whole-number parameters: `"reads";q=600;w=60`."""
    items = {}
    for item in field.split(", "):
        name, *parameters = item.split(";")
        items[name.strip('"')] = {key: int(value) for key, value in (one.split("=") for one in parameters)}
    return items


def windows(answer: Answer) -> dict[str, dict[str, int]]:
    """What both headers say, together."""
    policy, state = parsed(answer.headers["ratelimit-policy"]), parsed(answer.headers["ratelimit"])
    assert set(policy) == set(state)
    return {name: policy[name] | state[name] for name in policy}


async def another_key(world: World, client_id: str = HARBOUR, scope: str = "read") -> str:
    key, _ = new_api_key("live")
    await world.provisioner.add_key(client_id, key, scope=scope, description=f"limits {new_id()}")
    return key


def test_the_buckets_are_those_of_the_contract() -> None:
    for name, wanted in SECTION_7.items():
        assert {(rate.amount, rate.seconds) for rate in BUCKETS[name].rates} == wanted


async def test_every_answer_to_a_key_says_what_counts_and_what_is_left(world: World) -> None:
    async with limited(world) as (api, clock):
        reader = at(api, world.harbour_read)
        first = windows(await reader.get(PROJECTS))
        assert first == {
            "reads": {"q": 600, "w": 60, "r": 599, "t": 60},
            "reads_burst": {"q": 60, "w": 6, "r": 59, "t": 6},
            "reads_of_tenant": {"q": 3_000, "w": 60, "r": 2_999, "t": 60},
        }
        clock.now += 6.0
        missing = await reader.get(f"/v1/calls/{new_id()}")
        assert missing.status == 404
        assert windows(missing)["reads"] == {"q": 600, "w": 60, "r": 598, "t": 54}
        assert windows(missing)["reads_burst"] == {"q": 60, "w": 6, "r": 59, "t": 6}
        for wrong in (await reader.ask("DELETE", PROJECTS), await reader.get("/v1/sessions")):
            assert wrong.status in {405, 403}
            assert set(windows(wrong)) == set(first)


async def test_deliveries_people_and_their_sessions_are_told_their_own_windows(world: World) -> None:
    async with limited(world) as (api, _):
        call = new_call(FRONT_DESK, f"limits-{new_id()}")
        delivered = await at(api, world.harbour_manage).post("/v1/calls", call)
        assert delivered.status == 201
        assert set(windows(delivered)) == {"deliveries", "deliveries_burst", "deliveries_of_tenant"}
        alice = at(api, world.alice)
        assert set(windows(await alice.get(PROJECTS))) == {"person"}
        own = await alice.get(f"/v1/sessions/{world.alice.session_id}/state")
        assert windows(own)["session"] == {"q": 120, "w": 60, "r": 119, "t": 60}


async def test_tabs_that_ask_for_the_session_hinder_neither_refresh_nor_sign_out(world: World) -> None:
    async with limited(world, session="1/min") as (api, _):
        tom = await world.sign_in(TOM)
        own, path = at(api, tom), f"/v1/sessions/{tom.session_id}"
        assert [(await own.get(f"{path}/state")).status for _ in range(2)] == [200, 429]
        assert (await own.post(f"{path}/refresh-lease")).status == 200
        stored = await own.put(f"{path}/tokens", {"expected_generation": 0, "tokens": "v1.first"})
        assert stored.status == 200
        assert set(windows(stored)) == {"person"}
        assert (await own.post(f"{path}/sign-out", {})).status == 204


async def test_nobody_known_and_public_rows_are_told_nothing(world: World) -> None:
    for path in ("/v1/health", "/v1/errors", PROJECTS, "/v1/nothing"):
        answer = await world.anonymous.get(path)
        assert not [name for name in answer.headers if name.lower().startswith("ratelimit")]


async def test_sixty_in_any_six_seconds(world: World) -> None:
    async with limited(world) as (api, clock):
        reader = at(api, world.harbour_read)
        for second in range(6):
            for _ in range(10):
                assert (await reader.get(PROJECTS)).status == 200, second
            clock.now += 0.9
        refused = await reader.get(PROJECTS)
        assert (refused.status, refused.code) == (429, "rate_limited")
        assert windows(refused)["reads_burst"]["r"] == 0
        # The first ten leave 6 s after they came; 600 ms, rounded up.
        assert refused.json["retry_after_ms"] in {600, 601}
        assert refused.headers["retry-after"] == "1"
        clock.now += 0.601
        assert [(await reader.get(PROJECTS)).status for _ in range(11)] == [200] * 10 + [429]


async def test_the_wait_is_the_longest_and_keeping_it_is_enough(world: World) -> None:
    async with limited(world, reads="3/min", reads_burst="3/6s") as (api, clock):
        reader = at(api, world.harbour_read)
        for _ in range(3):
            assert (await reader.get(PROJECTS)).status == 200
        clock.now += 1.5
        refused = await reader.get(PROJECTS)
        assert refused.json["retry_after_ms"] == 58_500
        assert refused.headers["retry-after"] == "59"
        clock.now += 58.5
        assert (await reader.get(PROJECTS)).status == 200


async def test_what_is_refused_costs_nothing_of_any_window(world: World) -> None:
    async with limited(world, reads_burst="2/6s", reads="100/min", reads_of_tenant="50/min") as (api, clock):
        reader = at(api, world.harbour_read)
        statuses = [(await reader.get(PROJECTS)).status for _ in range(20)]
        assert statuses == [200] * 2 + [429] * 18
        clock.now += 6
        said = windows(await reader.get(PROJECTS))
        assert (said["reads"]["r"], said["reads_of_tenant"]["r"]) == (97, 47)


async def test_the_keys_of_one_tenant_share_its_rate_and_another_tenant_has_its_own(world: World) -> None:
    async with limited(world, reads_of_tenant="4/min") as (api, _):
        first = at(api, world.harbour_read)
        second = Asker(api.http, {"x-api-key": await another_key(world)})
        for holder in (first, second, first, second):
            assert (await holder.get(PROJECTS)).status == 200
        assert (await first.get(PROJECTS)).code == (await second.get(PROJECTS)).code == "rate_limited"
        assert (await at(api, world.northside_manage).get(PROJECTS)).status == 200
        assert (await at(api, world.alice).get(PROJECTS)).status == 200


async def test_deliveries_and_reads_of_one_key_are_counted_apart(world: World) -> None:
    async with limited(world, reads="1/min", deliveries="2/min") as (api, _):
        machine = at(api, world.harbour_manage)
        assert [(await machine.get(PROJECTS)).status for _ in range(2)] == [200, 429]
        calls = [new_call(FRONT_DESK, f"limits-{new_id()}") for _ in range(3)]
        statuses = [(await machine.post("/v1/calls", call)).status for call in calls]
        assert statuses == [201, 201, 429]


async def test_at_once_exactly_the_amount_passes(world: World) -> None:
    async with limited(world, reads="25/h") as (api, _):
        unhurried(api)
        reader = at(api, world.harbour_read)
        answers = await asyncio.gather(*(reader.get(PROJECTS) for _ in range(80)))
        assert sorted(one.status for one in answers) == [200] * 25 + [429] * 55


async def test_a_refused_request_asks_the_database_nothing(world: World) -> None:
    async with limited(world, reads="1/min") as (api, _):
        reader = at(api, world.harbour_read)
        assert api.app.services is not None
        with nobody_known(api.app.services.credentials):
            assert (await reader.get(PROJECTS)).status == 200
            with statements_of_requests() as statements:
                for method, path in (
                    ("GET", PROJECTS),
                    ("GET", f"/v1/calls/{new_id()}"),
                    ("DELETE", PROJECTS),
                ):
                    assert (await reader.ask(method, path)).status == 429
        assert statements == []


async def test_an_address_learns_sixty_verdicts_a_minute_and_not_one_more_at_once(world: World) -> None:
    async with limited(world, failed_credentials="6/min") as (api, clock):
        wrong = [Asker(api.http, {"x-api-key": new_api_key("live")[0], **AWAY}) for _ in range(40)]
        answers = await asyncio.gather(*(one.get(PROJECTS) for one in wrong))
        codes = sorted(one.code for one in answers)
        assert codes == ["api_key_invalid"] * 6 + ["rate_limited"] * 34
        good = Asker(api.http, {**world.harbour_read.headers, **AWAY})
        refused = await good.get(PROJECTS)
        assert (refused.status, refused.code) == (429, "rate_limited")
        assert "www-authenticate" not in refused.headers
        assert windows(refused) == {"failed_credentials": {"q": 6, "w": 60, "r": 0, "t": 60}}
        assert (await at(api, world.harbour_read).get(PROJECTS)).status == 200
        clock.now += 60
        assert (await good.get(PROJECTS)).status == 200


async def test_the_scale_multiplies_every_rate_and_no_size(world: World) -> None:
    own = {"AIDIAL_LIMITS_SCALE": "0.1", "AIDIAL_LIMIT_READS": "50/h", "AIDIAL_LIMIT_URI": "1KiB"}
    async with running_api({**world.environ, **own}) as api:
        reader = at(api, world.harbour_read)
        said = windows(await reader.get(PROJECTS))
        assert {name: (one["q"], one["w"]) for name, one in said.items()} == {
            "reads": (5, 3_600),
            "reads_burst": (6, 6),
            "reads_of_tenant": (300, 60),
        }
        assert (await reader.get("/v1/calls?cursor=" + "x" * 1_100)).code == "uri_too_long"
        assert (await reader.get("/v1/calls?cursor=" + "x" * 900)).code == "invalid_cursor"


async def test_sizes_and_pages_are_configuration_and_openapi_says_so(world: World) -> None:
    own = {
        "AIDIAL_LIMIT_CALLS_PAGE": "2",
        "AIDIAL_LIMIT_AUDIT_PAGE": "3",
        "AIDIAL_LIMIT_CALLS_PAGE_MAX": "60",
        "AIDIAL_LIMIT_CALL_BODY": "2KiB",
        "AIDIAL_LIMIT_HEADER_BLOCK": "2KiB",
    }
    async with running_api({**world.environ, **own}) as api:
        reader = at(api, world.harbour_read)
        assert len((await reader.get("/v1/calls")).json["calls"]) == 2
        assert len((await reader.get("/v1/calls?limit=3")).json["calls"]) == 3
        assert (await reader.get("/v1/calls?limit=61")).code == "unsupported_query_value"
        assert len((await at(api, world.alice).get("/v1/audit-events")).json["events"]) == 3
        big = new_call(FRONT_DESK, "limits-big", summary="x" * 3_000)
        refused = await at(api, world.harbour_manage).post("/v1/calls", big)
        assert (refused.status, refused.code) == (413, "body_too_large")
        assert refused.json["details"] == {"limit_bytes": 2_048}
        assert (await reader.get(PROJECTS, x_big="x" * 2_048)).code == "headers_too_large"
        document: dict[str, Any] = (await reader.get("/v1/openapi.json")).json
        parameters = document["paths"]["/v1/calls"]["get"]["parameters"]
        (limit,) = [one["schema"] for one in parameters if one["name"] == "limit"]
        assert (limit["default"], limit["maximum"]) == (2, 60)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("AIDIAL_LIMIT_READS", "0"),
        ("AIDIAL_LIMIT_READS", "60/fortnight"),
        ("AIDIAL_LIMIT_READS", "1/8d"),
        ("AIDIAL_LIMIT_READS", "-1"),
        ("AIDIAL_LIMIT_READS", "٣"),
        ("AIDIAL_LIMIT_URI", "0"),
        ("AIDIAL_LIMIT_URI", "8 kB"),
        ("AIDIAL_LIMIT_URI", "64KiB"),
        ("AIDIAL_LIMIT_CALLS_PAGE", "20KiB"),
        ("AIDIAL_LIMIT_CALLS_PAGE_MAX", "10"),
        ("AIDIAL_LIMIT_RAEDS", "600"),
        ("AIDIAL_LIMITS_SCALE", "0"),
        ("AIDIAL_LIMITS_URL", "http://store"),
        ("AIDIAL_LIMITS_URL", "redis://"),
        ("AIDIAL_LIMITS_URL", "redis://host:99999"),
        ("AIDIAL_METRICS_PORT", "70000"),
    ],
)
def test_a_bad_number_stops_the_api_and_is_named(world: World, name: str, text: str) -> None:
    from aidial_api.settings import read_settings  # noqa: PLC0415

    with pytest.raises(ConfigurationError) as raised:
        read_settings({**world.environ, "AIDIAL_MASTER_KEY": "bad", name: text})
    assert set(raised.value.problems) == {name, "AIDIAL_MASTER_KEY"}
    assert text not in raised.value.problems[name] or text in {"0", "10"}


def test_every_rate_of_the_api_is_in_a_bucket() -> None:
    counted = {rate.name for bucket in BUCKETS.values() for rate in bucket.rates}
    assert counted == {name for name in RATES if not name.startswith("portal_")}
