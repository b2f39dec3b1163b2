"""What anybody may read: health, the error registry, the API's description of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from aidial_api.routes import TABLE
from aidial_contract.errors import ERRORS
from tests.support.api import World, running_api
from tests.support.askers import Asker, health_when

METHODS = {"get", "post", "put", "patch", "delete"}


async def test_health_says_what_works_and_nothing_else(world: World) -> None:
    answer = await health_when(world.anonymous, lambda said: said["status"] == "pass")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/health+json"
    health = answer.json
    assert set(health) == {"status", "service", "version", "checks"}
    assert (health["status"], health["service"]) == ("pass", "aidial_api")
    assert set(health["checks"]) == {"database", "issuer", "billing", "storage"}
    for check in health["checks"].values():
        assert set(check) == {"status", "latency_ms"}
    assert (await world.anonymous.get("/v1/health/live")).status == 200


async def test_without_its_issuer_the_api_warns_and_is_still_well(world: World) -> None:
    async with running_api({**world.environ, "ZITADEL_ISSUER": "http://127.0.0.1:9"}) as api:
        answer = await health_when(
            Asker(api.http), lambda said: said["checks"]["database"]["status"] == "pass"
        )
        health = answer.json
        assert (answer.status, health["status"]) == (200, "warn")
        assert health["checks"]["database"]["status"] == "pass"
        assert health["checks"]["issuer"]["status"] == "warn"


async def test_a_key_works_without_the_issuer_and_a_person_is_told_to_come_back(world: World) -> None:
    async with running_api({**world.environ, "ZITADEL_ISSUER": "http://127.0.0.1:9"}) as api:
        async with api.http.get("/v1/projects", headers=world.harbour_read.headers) as answer:
            assert answer.status == 200
        async with api.http.get("/v1/projects", headers=world.alice.headers) as answer:
            assert answer.status == 503
            assert (await answer.json())["code"] == "dependency_unavailable"
            assert int(answer.headers["retry-after"]) >= 1


async def test_the_error_registry_is_public_and_whole(world: World) -> None:
    answer = await world.anonymous.get("/v1/errors")
    listed = {one["code"]: one for one in answer.json["errors"]}
    assert list(listed) == list(ERRORS)
    for code, row in ERRORS.items():
        assert listed[code] == {
            "code": code,
            "status": row.status,
            "category": row.category,
            "message_key": f"errors.{code}",
            "message": row.message,
            "retryable": row.retryable,
            "what_to_do": row.what_to_do,
        }
        assert row.message
        assert row.what_to_do


@pytest.fixture
async def document(world: World) -> dict[str, Any]:
    answer = await world.anonymous.get("/v1/openapi.json")
    assert answer.status == 200
    described: dict[str, Any] = answer.json
    return described


async def test_the_description_holds_every_row_and_no_other(document: dict[str, Any]) -> None:
    described = {
        (method.upper(), path) for path, operations in document["paths"].items() for method in operations
    }
    assert described == {(row.method, row.path) for row in TABLE.rows}


async def test_the_description_has_the_structure_of_openapi_3_1(document: dict[str, Any]) -> None:
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert {"title", "version"} <= set(document["info"])
    assert set(document) <= {"openapi", "info", "servers", "paths", "components", "security", "tags"}
    ids = []
    for path, operations in document["paths"].items():
        assert path.startswith("/v1/")
        assert set(operations) <= METHODS
        for operation in operations.values():
            ids.append(operation["operationId"])
            in_path = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            assert in_path == set(re.findall(r"\{(\w+)\}", path))
            for one in operation["parameters"]:
                assert one["in"] in {"path", "query", "header"}
                assert "schema" in one
                assert one["in"] != "path" or one["required"] is True
            names = [(one["in"], one["name"]) for one in operation["parameters"]]
            assert len(names) == len(set(names))
            assert operation["responses"]
            for status, answer in operation["responses"].items():
                assert re.fullmatch(r"[1-5]\d\d", status)
                assert answer["description"]
            for need in operation["security"]:
                assert set(need) <= set(document["components"]["securitySchemes"])
    assert len(ids) == len(set(ids))


async def test_every_reference_of_the_description_leads_somewhere(document: dict[str, Any]) -> None:
    found = list(_references(document))
    assert found
    for reference in found:
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert isinstance(place, dict)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, one in value.items():
            if name == "$ref":
                yield one
            else:
                yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


async def test_the_description_names_which_credential_a_row_takes(document: dict[str, Any]) -> None:
    assert document["paths"]["/v1/calls"]["post"]["security"] == [{"key": []}, {"service": []}]
    assert document["paths"]["/v1/calls"]["get"]["security"] == [
        {"key": []},
        {"service": []},
        {"bearer": [], "session": []},
    ]
    assert document["paths"]["/v1/sessions"]["get"]["security"] == [{"bearer": [], "session": []}]
    assert document["paths"]["/v1/errors"]["get"]["security"] == []


async def test_the_docs_page_needs_no_script_and_nothing_from_elsewhere(world: World) -> None:
    answer = await world.anonymous.get("/v1/docs", accept="text/html")
    assert answer.headers["content-type"].startswith("text/html")
    page = answer.body.decode()
    assert "<script" not in page
    assert "http://" not in page
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; style-src 'nonce-")
    (nonce,) = re.findall(r"'nonce-([^']+)'", policy)
    assert page.count("<style") == page.count(f"<style nonce='{nonce}'>") == 1
    again = await world.anonymous.get("/v1/docs", accept="text/html")
    assert nonce not in again.headers["content-security-policy"]
    for name in ("referrer-policy", "permissions-policy", "x-content-type-options"):
        assert answer.headers[name]
    for row in TABLE.rows:
        assert f"{row.method} {row.path}" in page


async def test_the_docs_page_asks_for_https_from_whoever_came_by_it(world: World) -> None:
    over_http = await world.anonymous.get("/v1/docs", accept="text/html")
    assert "strict-transport-security" not in over_http.headers
    over_https = await world.anonymous.get("/v1/docs", accept="text/html", x_forwarded_proto="https")
    assert over_https.headers["strict-transport-security"].startswith("max-age=")
