"""People play and download recordings: from an address of their own session, by ranges, or not, and why."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.people import ALICE, CHLOE
from tests.support.api import SignedIn, World
from tests.support.askers import Answer
from tests.support.recordings import (
    consented_call,
    let_staff_play,
    recorded_call,
    wav,
    withdraw_downloads,
)

LONG = wav(20.0)


@pytest.fixture(scope="module")
async def call_id(world: World) -> str:
    return await recorded_call(world, LONG)


async def address(asker: SignedIn, call_id: str, what: str = "playback") -> str:
    answer = await asker.post(f"/v1/calls/{call_id}/recording/{what}")
    assert answer.status == 200, answer
    return str(answer.json["url"])


async def test_alice_plays_a_recording(world: World, call_id: str) -> None:
    answer = await world.alice.post(f"/v1/calls/{call_id}/recording/playback")
    assert answer.status == 200, answer
    left = datetime.fromisoformat(answer.json["expires_at"]) - datetime.now().astimezone()
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)
    played = await world.alice.get(answer.json["url"])
    assert (played.status, played.headers["content-type"]) == (200, "audio/wav")
    assert played.body == LONG
    assert played.headers["accept-ranges"] == "bytes"
    events = [event["action"] for event in await world.events(call_id)]
    assert "recordings.playback.granted" in events


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=65530-65545", 65_530, 65_546),
        ("bytes=131072-", 131_072, len(LONG)),
        ("bytes=-10", len(LONG) - 10, len(LONG)),
        ("bytes=5-999999999", 5, len(LONG)),
    ],
)
async def test_any_range_is_answered_alone(
    world: World, call_id: str, asked: str, start: int, end: int
) -> None:
    played = await world.alice.get(await address(world.alice, call_id), range=asked)
    assert played.status == 206
    assert played.headers["content-range"] == f"bytes {start}-{end - 1}/{len(LONG)}"
    assert played.headers["content-length"] == str(end - start)
    assert played.body == LONG[start:end]


async def test_a_range_outside_is_416_and_one_that_is_none_is_ignored(world: World, call_id: str) -> None:
    url = await address(world.alice, call_id)
    for asked in (f"bytes={len(LONG)}-", "bytes=-0"):
        answer = await world.alice.get(url, range=asked)
        assert (answer.status, answer.code) == (416, "range_not_satisfiable")
        assert answer.headers["content-range"] == f"bytes */{len(LONG)}"
    for asked in ("pages=1-2", "bytes=9-3", "bytes=0-1,5-6", "bytes=-"):
        assert (await world.alice.get(url, range=asked)).status == 200


async def test_if_range_and_head(world: World, call_id: str) -> None:
    url = await address(world.alice, call_id)
    head = await world.alice.ask("HEAD", url)
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(LONG)))
    tag = head.headers["etag"]
    kept = await world.alice.ask("GET", url, headers={"range": "bytes=0-9", "if-range": tag})
    changed = await world.alice.ask("GET", url, headers={"range": "bytes=0-9", "if-range": '"another"'})
    assert (kept.status, changed.status) == (206, 200)


async def test_an_address_is_good_for_one_session_and_one_call(world: World, call_id: str) -> None:
    url = await address(world.alice, call_id)
    other_session = await world.sign_in(ALICE)
    assert (await other_session.get(url)).code == "not_found"
    assert (await world.ben.get(url)).code == "not_found"
    other_call = await recorded_call(world, wav(0.2))
    assert (await world.alice.get(url.replace(call_id, other_call))).code == "not_found"
    assert (await world.alice.get(url.replace("/media/", "/file/"))).code == "not_found"
    assert (await world.alice.get(url)).status == 200


async def test_an_address_must_be_used_soon_and_then_holds_for_the_length_and_ten_minutes(
    world: World, call_id: str
) -> None:
    unused, used = await address(world.alice, call_id), await address(world.alice, call_id)
    assert (await world.alice.get(used, range="bytes=0-9")).status == 206
    for url in (unused, used):
        await _age(world, url, minutes=6)
    assert (await world.alice.get(unused)).code == "not_found"
    assert (await world.alice.get(used, range="bytes=0-9")).status == 206
    await _age(world, used, minutes=4, seconds=30)  # 10 min 30 s after its first use: longer than it holds
    assert (await world.alice.get(used)).code == "not_found"


async def _age(world: World, url: str, **passed: float) -> None:
    await world.sql(
        "UPDATE recording_grants SET ends_at = ends_at - $2::interval WHERE grant_id = $1",
        url.rpartition("/")[2],
        timedelta(**passed),
    )


async def test_alice_downloads_it_as_a_file(world: World, call_id: str) -> None:
    answer = await world.alice.get(await address(world.alice, call_id, "download"))
    assert (answer.status, answer.body) == (200, LONG)
    assert answer.headers["content-disposition"] == f'attachment; filename="recording-{call_id}.wav"'
    assert "recordings.download.granted" in [event["action"] for event in await world.events(call_id)]


@pytest.mark.parametrize("what", ["playback", "download"])
async def test_alice_gets_the_voice_she_asked_for(world: World, what: str) -> None:
    both, agent = wav(0.4), wav(0.3, falls=True)
    call_id = await recorded_call(world, both)
    path = f"/v1/calls/{call_id}/recording"
    sent = await world.harbour_manage.put(f"{path}?side=agent", agent, content_type="audio/wav")
    assert sent.status == 201, sent
    for asked, content in {"": both, "?side=mixed": both, "?side=agent": agent}.items():
        given = await world.alice.post(f"{path}/{what}{asked}")
        assert given.status == 200, given
        assert (await world.alice.get(given.json["url"])).body == content
    events = [one for one in await world.events(call_id) if one["action"] == f"recordings.{what}.granted"]
    assert sorted(json.loads(event["technical"])["side"] for event in events) == ["agent", "mixed", "mixed"]


@pytest.mark.parametrize("what", ["playback", "download"])
async def test_a_voice_that_never_came_is_media_and_one_nobody_has_is_refused(
    world: World, call_id: str, what: str
) -> None:
    path = f"/v1/calls/{call_id}/recording/{what}"
    missing = await world.alice.post(f"{path}?side=caller")
    assert (missing.status, missing.code) == (409, "recording_unavailable")
    assert missing.json["details"] == {"reason": "media"}
    assert (await world.alice.post(f"{path}?side=nobody")).code == "unsupported_query_value"


async def refused(asker: Any, call_id: str, what: str = "playback") -> str:
    answer: Answer = await asker.post(f"/v1/calls/{call_id}/recording/{what}")
    assert (answer.status, answer.code) == (409, "recording_unavailable"), answer
    shown = (await asker.get(f"/v1/calls/{call_id}/recording")).json[what]
    assert shown == {"allowed": False, "reason": answer.json["details"]["reason"]}
    return str(answer.json["details"]["reason"])


async def test_each_reason_against_it_is_said(world: World) -> None:
    alone = await recorded_call(world, wav(0.2), consent={"state": "unavailable"})
    assert await refused(world.alice, alone) == "consent"
    held_back = await recorded_call(world, wav(0.2))
    await world.sql("UPDATE calls SET transcript_state = 'redaction_failed' WHERE call_id = $1", held_back)
    assert await refused(world.ben, held_back) == "compliance"
    hidden = await recorded_call(world, wav(0.2))
    url = await address(world.alice, hidden)
    for is_hidden, status in ((True, 409), (False, 200)):
        change = {"transcript_hidden": is_hidden}
        await world.harbour_manage.patch(f"/v1/calls/{hidden}", change, if_match="*")
        assert (await world.alice.get(url)).status == status
        if is_hidden:
            assert await refused(world.alice, hidden) == "compliance"
            assert await refused(world.alice, hidden, "download") == "compliance"
    assert await refused(world.alice, await consented_call(world)) == "media"
    await withdraw_downloads(world)
    try:
        plain = await recorded_call(world, wav(0.2))
        assert await refused(world.alice, plain, "download") == "entitlement"
        assert (await world.alice.post(f"/v1/calls/{plain}/recording/playback")).status == 200
    finally:
        await withdraw_downloads(world, allowed=True)


async def test_a_reason_that_comes_up_later_ends_what_was_given(world: World) -> None:
    call_id = await recorded_call(world, wav(0.2))
    url = await address(world.alice, call_id)
    await world.sql('UPDATE calls SET consent = \'{"state": "unavailable"}\' WHERE call_id = $1', call_id)
    answer = await world.alice.get(url)
    assert (answer.status, answer.json["details"]) == (409, {"reason": "consent"})


async def test_staff_play_only_where_their_organisation_lets_them_and_never_download(
    world: World, call_id: str
) -> None:
    chloe = await world.sign_in(CHLOE)
    await let_staff_play(world, allowed=False)
    assert (await chloe.post(f"/v1/calls/{call_id}/recording/playback")).code == "not_found"
    await let_staff_play(world)
    try:
        url = await address(chloe, call_id)
        assert (await chloe.get(url)).status == 200
        assert (await chloe.post(f"/v1/calls/{call_id}/recording/download")).code == "not_found"
        await let_staff_play(world, allowed=False)
        assert (await chloe.get(url)).code == "not_found"
    finally:
        await let_staff_play(world, allowed=False)


async def test_a_changed_file_is_no_recording(world: World) -> None:
    call_id = await recorded_call(world, LONG)
    url = await address(world.alice, call_id)
    rows = await world.sql("SELECT recording_id FROM recordings WHERE call_id = $1", call_id)
    assert world.api.app.services is not None
    name = f"recordings/harbour-dental/{rows[0]['recording_id']}"

    async def nothing() -> Any:
        yield b"x" * 500_000

    await world.api.app.services.storage.write(name, nothing())
    answer = await world.alice.get(url, range="bytes=0-9")
    assert (answer.status, answer.json["details"]) == (409, {"reason": "media"})
    await world.api.app.services.storage.delete(name)
    answer = await world.alice.get(url)
    assert (answer.status, answer.json["details"]) == (409, {"reason": "media"})
