"""What a client may get wrong on the wire before anybody asks who it is."""

from __future__ import annotations

import asyncio
import http.client

import pytest

from tests.portal.kernel.scripted import RunningPortal, code_of, raw_exchange


def _request(portal: RunningPortal, *lines: str, path: str = "/api/health/live") -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


async def test_one_host_of_ours_is_needed(portal: RunningPortal) -> None:
    ours = f"Host: 127.0.0.1:{portal.port}"
    assert (await raw_exchange(portal.port, _request(portal, ours)))[0] == 200
    port = portal.port
    other = ("localhost", f"127.0.0.1:{port}.", f"127.0.0.1:{port}x", f"user@127.0.0.1:{port}", "127.0.0.1")
    strange = (f"127.0.0.1:0{port}", f"http://127.0.0.1:{port}", f"127.0.0.1:{port},evil.example", "")
    for lines in (
        [],
        [ours, ours],
        [ours, "Host: evil.example"],
        *([f"Host: {host}"] for host in (*other, *strange)),
    ):
        status, _, body, closed = await raw_exchange(portal.port, _request(portal, *lines))
        assert (status, code_of(body), closed) == (400, "host_invalid", True)


async def test_a_length_beside_a_transfer_coding_is_refused(portal: RunningPortal) -> None:
    sent = (
        f"POST /api/session/touch HTTP/1.1\r\nHost: 127.0.0.1:{portal.port}\r\n"
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    )
    status, _, body, closed = await raw_exchange(portal.port, sent.encode())
    assert status == 400
    assert closed
    assert not body or b"Invalid HTTP" in body or code_of(body) == "malformed_request"


async def test_too_long_a_uri_and_too_many_headers_are_told_apart(portal: RunningPortal) -> None:
    ours = f"Host: 127.0.0.1:{portal.port}"
    long_path = "/api/health/live?" + "a" * 9_000
    status, _, body, closed = await raw_exchange(portal.port, _request(portal, ours, path=long_path))
    assert (status, code_of(body), closed) == (414, "uri_too_long", True)
    status, _, body, closed = await raw_exchange(portal.port, _request(portal, ours, "X-A: " + "a" * 40_000))
    assert (status, code_of(body), closed) == (431, "headers_too_large", True)


async def test_headers_without_end_end_the_connection(portal: RunningPortal) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", portal.port)
    writer.write(b"GET / HTTP/1.1\r\nX-A: ")
    try:
        for _ in range(64):
            writer.write(b"a" * 16_384)
            await writer.drain()
    except ConnectionError:
        pass
    else:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1_000_000), 5)
    writer.close()


async def test_a_body_that_grows_beyond_its_cap_while_it_arrives_is_refused(portal: RunningPortal) -> None:
    head = (
        f"POST /api/session/touch HTTP/1.1\r\nHost: 127.0.0.1:{portal.port}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    status, _, body, closed = await raw_exchange(portal.port, head.encode() + chunk * 18 + b"0\r\n\r\n")
    assert (status, code_of(body), closed) == (413, "body_too_large", True)


async def test_every_answer_carries_a_request_id_and_a_fitting_one_is_kept(portal: RunningPortal) -> None:
    ours = f"Host: 127.0.0.1:{portal.port}"
    for sent, kept in (("caller-made.id_1", True), ("short", False), ("bad id with spaces", False)):
        _, headers, _, _ = await raw_exchange(portal.port, _request(portal, ours, f"X-Request-Id: {sent}"))
        assert (headers["x-request-id"] == sent) is kept
        assert len(headers["x-request-id"]) >= 8
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers


def _sent_first(port: int, path: str, mib: int, host: str) -> tuple[int, bytes]:
    """The answer to a client that reads nothing before it has sent everything."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest("POST", path, skip_host=True)
        connection.putheader("Host", host)
        connection.putheader("Content-Length", str(mib * 1024 * 1024))
        connection.endheaders(b"x" * (mib * 1024 * 1024))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "mib", "host", "refused"),
    [
        ("/api/support/tickets", 11, None, (413, "body_too_large")),
        ("/api/support/tickets", 5, "evil.example", (400, "host_invalid")),
        ("/api/nothing", 11, None, (413, "body_too_large")),
    ],
)
async def test_whoever_sends_a_whole_body_before_reading_is_told_why_it_is_refused(
    portal: RunningPortal, path: str, mib: int, host: str | None, refused: tuple[int, str]
) -> None:
    named = host or f"127.0.0.1:{portal.port}"
    status, said = await asyncio.to_thread(_sent_first, portal.port, path, mib, named)
    assert (status, code_of(said)) == refused
