"""What a well-formed request looks like, and what is said about the others."""

from __future__ import annotations

import asyncio
import http.client
import json
from urllib.parse import urlsplit

import pytest

from aidial_api.kernel import hygiene
from aidial_api.routes import TABLE
from aidial_contract.ids import new_id
from aidial_serving import draining
from tests.api.kernel.raw import exchange, get
from tests.api.kernel.strict import allow_only, at
from tests.people import FRONT_DESK, HARBOUR
from tests.support.api import World, running_api
from tests.support.world_calls import new_call

LIVE = "/v1/health/live"
# Health measures anew, and reading the audit log is itself an event.
CHANGES_BY_ITSELF = {"/v1/health", "/v1/audit-events"}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST:8000", "[::1]", "[::1]:9000"])
async def test_our_own_names_are_answered(world: World, host: str) -> None:
    answer, _ = await exchange(world.api, get(LIVE, host=host))
    assert answer.status == 200


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "localhost.evil.example", "localhost@evil", "a:b:c", "localhost."),
        *("localhost:", "localhost:x", "localhost:8000:9", "localhost:@evil.example", "user@localhost"),
        *("user:pw@localhost", "localhost:123456", "localhost:-1", "local host", "localhost,localhost"),
        *("localhost/", "localhost#", "http://localhost", "[::1", "::1", "[::1]x", "[::1]:x", "127.1"),
    ],
)
async def test_other_names_are_refused(world: World, host: str) -> None:
    answer, closed = await exchange(world.api, get(LIVE, host=host))
    assert (answer.status, answer.code, closed) == (400, "host_invalid", True)


async def test_two_hosts_and_none_are_refused(world: World) -> None:
    answer, closed = await exchange(world.api, get(LIVE, "host: localhost"))
    assert (answer.status, answer.code, closed) == (400, "host_invalid", True)
    answer, closed = await exchange(world.api, f"GET {LIVE} HTTP/1.1\r\n\r\n".encode())
    assert (answer.status, answer.code, closed) == (400, "host_invalid", True)


async def test_a_body_framed_in_two_ways_is_refused_and_nothing_after_it_is_read(world: World) -> None:
    smuggled = f"GET {LIVE} HTTP/1.1\r\nhost: localhost\r\n\r\n"
    request = (
        "POST /v1/calls HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n"
        f"\r\n0\r\n\r\n{smuggled}"
    ).encode()
    answer, closed = await exchange(world.api, request)
    assert (answer.status, closed) == (400, True)


@pytest.mark.parametrize("coding", ["gzip, chunked", "identity, chunked"])
async def test_a_body_coded_in_more_ways_than_chunks_is_refused(world: World, coding: str) -> None:
    request = f"POST /v1/calls HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: {coding}\r\n\r\n0\r\n\r\n"
    answer, closed = await exchange(world.api, request.encode())
    assert (answer.status, answer.code, closed) == (400, "malformed_request", True)


async def test_a_body_that_never_ends_does_not_hold_its_connection(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hygiene, "BODY_TIME_S", 0.2)
    monkeypatch.setattr(draining, "IDLE_S", 0.2)
    request = "POST /v1/calls HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"
    answer, closed = await exchange(world.api, request.encode())
    assert (answer.status, answer.code, closed) == (400, "malformed_request", True)


@pytest.mark.parametrize("length", ["-1", "+5", "5 5", "0x5", "abc"])
async def test_a_length_that_is_none_is_refused(world: World, length: str) -> None:
    request = f"POST /v1/calls HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n"
    answer, _ = await exchange(world.api, request.encode())
    assert answer.status == 400


async def test_uris_and_headers_have_their_sizes(world: World) -> None:
    for size, status in ((8_100, 400), (8_200, 414)):
        assert (await world.anonymous.get(f"{LIVE}?x=" + "y" * size)).status == status
    for size, status in ((30_000, 200), (33_000, 431)):
        answer, _ = await exchange(world.api, get(LIVE, *(f"x-{n}: {'y' * (size // 8)}" for n in range(8))))
        assert answer.status == status


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/v1/projects", "GET, HEAD"),
        ("/v1/calls", "GET, POST, HEAD"),
        ("/v1/sessions/revoke-others", "POST"),
        ("/v1/health", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_says_which_are_right(world: World, path: str, allow: str) -> None:
    for method in ("PUT", "TRACE", "OPTIONS", "PROPFIND"):
        answer = await world.alice.ask(method, path)
        assert (answer.status, answer.code) == (405, "method_not_allowed")
        assert answer.headers["allow"] == allow


@pytest.mark.parametrize(
    "path",
    [
        row.path + ("?seconds=0" if any(param.name == "seconds" for param in row.query) else "")
        for row in TABLE.rows
        if row.method == "GET" and "{" not in row.path
    ],
)
async def test_head_is_get_without_a_body(world: World, path: str) -> None:
    got, headed = await world.alice.get(path), await world.alice.ask("HEAD", path)
    assert (headed.status, headed.body) == (got.status, b"")
    differing = {
        "date",
        "x-request-id",
        "ratelimit",
        *({"content-length"} if path in CHANGES_BY_ITSELF else ()),
        # Every page has a nonce of its own.
        *({"content-security-policy"} if path == "/v1/docs" else ()),
        # Of a stream nobody knows the length, and without a body there is nothing to be sent in chunks.
        *({"transfer-encoding"} if path.startswith("/v1/calls/live") else ()),
    }
    kept, gone = (
        {name.lower(): value for name, value in one.headers.items() if name.lower() not in differing}
        for one in (headed, got)
    )
    assert kept == gone
    refused = await world.anonymous.ask("HEAD", "/v1/calls")
    assert (refused.status, refused.body) == (401, b"")


@pytest.mark.parametrize("told", ["abcdefgh", "A.b_c-9" * 9, "01a20468-931d-72cb-b071-6a26cb27b3ae"])
async def test_a_good_request_id_is_kept_in_header_and_body(world: World, told: str) -> None:
    answer = await world.anonymous.get("/v1/calls", x_request_id=told)
    assert answer.headers["x-request-id"] == answer.json["request_id"] == told


@pytest.mark.parametrize(
    "told", ["short", "x" * 65, "with space", "semi;colon", "new\u00e9-one", "a/b/c/d/e"]
)
async def test_any_other_request_id_is_made_anew(world: World, told: str) -> None:
    answer, _ = await exchange(world.api, get("/v1/calls", f"x-request-id: {told}"))
    assert answer.headers["x-request-id"] == answer.json["request_id"]
    assert told not in answer.headers["x-request-id"]
    assert len(answer.headers["x-request-id"]) == 36


async def test_only_a_trusted_proxy_is_believed_about_the_callers_address(world: World) -> None:
    told = {"x-aidial-client-ip": "203.0.113.7"}
    lied = {"x-forwarded-for": "203.0.113.7", "forwarded": "for=203.0.113.7", "x-real-ip": "203.0.113.7"}
    async with running_api(world.environ) as api, allow_only(world, api, HARBOUR, "203.0.113.0/24"):
        alice = at(api, world.alice)
        assert (await alice.ask("GET", "/v1/projects", headers=told)).status == 200
        mapped = {"x-aidial-client-ip": "::ffff:203.0.113.7"}
        assert (await alice.ask("GET", "/v1/projects", headers=mapped)).status == 200
        assert (await alice.ask("GET", "/v1/projects", headers=lied)).code == "ip_not_allowed"
    wary = {**world.environ, "AIDIAL_TRUSTED_PROXIES": "198.51.100.0/24"}
    async with running_api(wary) as api, allow_only(world, api, HARBOUR, "203.0.113.0/24"):
        assert (await at(api, world.alice).ask("GET", "/v1/projects", headers=told)).code == "ip_not_allowed"


@pytest.mark.parametrize(
    "told", ["nonsense", "203.0.113.7, 203.0.113.8", "fe80::1%eth0", "::ffff:203.0.113.7"]
)
async def test_whatever_a_proxy_says_of_an_address_a_change_is_still_written(world: World, told: str) -> None:
    alice = await world.sign_in(world.alice.someone)
    path = f"/v1/sessions/{alice.session_id}"
    answer = await alice.ask("DELETE", path, headers={"x-aidial-client-ip": told})
    assert answer.status == 204


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("unknown=1", "unsupported_query_parameter", "query.unknown"),
        ("limit=0", "unsupported_query_value", "query.limit"),
        ("limit=1&limit=2", "unsupported_query_value", "query.limit"),
        ("limit=%ff", "malformed_request", None),
        ("limit", "malformed_request", None),
        ("&".join(f"a{n}=1" for n in range(101)), "malformed_request", None),
    ],
)
async def test_a_bad_query_is_named(world: World, query: str, code: str, field: str | None) -> None:
    answer = await world.alice.get(f"/v1/calls?{query}")
    assert (answer.status, answer.code) == (400, code)
    assert [one["field"] for one in answer.json.get("field_errors", [])] == ([field] if field else [])


@pytest.mark.parametrize("accept", ["*/*", "application/*", "application/json;q=0.5", "text/html, */*;q=0.1"])
async def test_who_takes_json_gets_it(world: World, accept: str) -> None:
    assert (await world.alice.get("/v1/projects", accept=accept)).status == 200


@pytest.mark.parametrize(
    "accept", ["text/html", "application/xml", "image/*", "application/json;q=0", "application/json;q=0, */*"]
)
async def test_who_does_not_is_told_so_in_json(world: World, accept: str) -> None:
    answer = await world.alice.get("/v1/projects", accept=accept)
    assert (answer.status, answer.code) == (406, "not_acceptable")


@pytest.mark.parametrize(
    "header",
    [
        {"content-encoding": "gzip"},
        {"content-encoding": "identity, br"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json; charset=iso-8859-1"},
    ],
)
async def test_a_body_that_says_it_is_other_bytes_than_it_is_is_not_taken(
    world: World, header: dict[str, str]
) -> None:
    before = await world.sql("SELECT count(*) FROM calls")
    body = json.dumps(new_call(FRONT_DESK, new_id())).encode()
    headers = {"content-type": "application/json", **header}
    answer = await world.harbour_manage.ask("POST", "/v1/calls", body, headers=headers)
    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    assert await world.sql("SELECT count(*) FROM calls") == before


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/v1%2Fcalls?limit=1",
            "/v1%2fhealth/live",
            "/%76%31/health/live",
            "/v1/c%61lls",
            "/v1/health%2Flive",
        ),
        *("/v1/calls/a%2Fb", "/v1/calls/a%2ftranscript", "/v1/calls/a/transcript%2Fdownload"),
        *("/v1/calls%00", "/v1/./calls", "/v1/x/../calls", "/v1/%2e/calls", "/v1//calls"),
    ],
)
async def test_a_path_is_matched_as_it_was_sent(world: World, path: str) -> None:
    """A rule of a proxy about `/v1/` must not be walked around."""
    unknown, _ = await exchange(world.api, get("/v1/nothing"))
    answer, _ = await exchange(world.api, get(path))
    assert (answer.status, answer.code) == (404, "not_found")
    assert {**answer.json, "request_id": ""} == {**unknown.json, "request_id": ""}
    differing = {"date", "x-request-id"}
    assert set(answer.headers) - differing == set(unknown.headers) - differing


async def test_an_id_may_be_encoded(world: World) -> None:
    call_id = world.calls["front-1"]
    spelt = "".join(f"%{ord(letter):02X}" for letter in call_id)
    credential = "x-api-key: " + world.harbour_read.key
    answer, _ = await exchange(world.api, get(f"/v1/calls/{spelt}", credential))
    assert (answer.status, answer.json["call_id"]) == (200, call_id)


def _sent_first(url: str, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """The answer to a client that reads nothing before it has sent everything."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("method", "path", "type_", "mib", "refused"),
    [
        ("POST", "/v1/calls", "application/json", 11, (413, "body_too_large")),
        ("POST", "/v1/api-keys", "application/json", 11, (413, "body_too_large")),
        ("POST", "/v1/nothing", "application/json", 11, (404, "not_found")),
        (
            "PUT",
            "/v1/calls/0192f0c1-3333-7000-8000-000000000001/recording",
            "audio/wav",
            40,
            (401, "credentials_missing"),
        ),
    ],
)
async def test_whoever_sends_a_whole_body_before_reading_is_told_why_it_is_refused(
    world: World, method: str, path: str, type_: str, mib: int, refused: tuple[int, str]
) -> None:
    body, headers = b"x" * (mib * 1024 * 1024), {"content-type": type_}
    status, said = await asyncio.to_thread(_sent_first, world.api.url, method, path, body, headers)
    assert (status, json.loads(said)["code"]) == refused
