"""A voice platform tells a call as it goes on, and sends its recording when it is over."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from aidial_client import (
    Aidial,
    AsyncAidial,
    Conflict,
    InvalidRequest,
    NoAnswer,
    NotFound,
    PreconditionFailed,
    TooLarge,
)
from aidial_client.sending import PIECE_BYTES, look_at
from aidial_contract.ids import new_api_key, new_id
from aidial_contract.shapes.calls import NewTurn
from tests.client.scripted import LOST, SILENT, Raw, ScriptedServer
from tests.client.test_calls import fresh
from tests.support.api import World
from tests.support.recordings import OBTAINED, wav

KEY = new_api_key("test")[0]
HELLO = {"speaker": "agent", "text": "Good morning."}
ANSWER = NewTurn(speaker="caller", text="Is the clinic open?")
RECORDING = (
    b'{"call_id":"c","availability":"available","sides":[],'
    b'"playback":{"allowed":true,"reason":null},"download":{"allowed":true,"reason":null}}'
)


def live() -> dict[str, Any]:
    """A call that is still going."""
    return fresh(status="live", ended_at=None, end_reason=None, turns=[])


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    """Two seconds of a tone, as a file."""
    path = tmp_path / "call.wav"
    path.write_bytes(wav())
    return path


async def test_turns_are_appended_and_sending_them_again_changes_nothing(harbour: AsyncAidial) -> None:
    call, _ = await harbour.deliver_call(live())
    first = await harbour.append_turns(call.call_id, [HELLO], from_index=0)
    assert (first.message_count, first.version) == (1, call.version + 1)
    assert await harbour.append_turns(call.call_id, [HELLO], from_index=0) == first
    both = await harbour.append_turns(call.call_id, [ANSWER])
    assert both.message_count == 2
    said = [turn.text for turn in (await harbour.transcript(call.call_id)).turns]
    assert said == ["Good morning.", "Is the clinic open?"]


async def test_a_key_of_ones_own_makes_an_append_safe_to_repeat(harbour: AsyncAidial) -> None:
    call, _ = await harbour.deliver_call(live())
    key = new_id()
    for _ in range(2):
        await harbour.append_turns(call.call_id, [HELLO], idempotency_key=key)
    assert (await harbour.call(call.call_id)).message_count == 1


async def test_a_gap_says_where_to_go_on_and_a_finished_call_takes_no_turns(harbour: AsyncAidial) -> None:
    call, _ = await harbour.deliver_call(live())
    with pytest.raises(Conflict) as refused:
        await harbour.append_turns(call.call_id, [HELLO], from_index=3)
    assert (refused.value.code, refused.value.details["message_count"]) == ("state_conflict", 0)
    await harbour.append_turns(call.call_id, [HELLO], from_index=0)
    with pytest.raises(Conflict) as refused:
        await harbour.append_turns(call.call_id, [ANSWER], from_index=0)
    assert refused.value.code == "already_exists"
    over, _ = await harbour.deliver_call(fresh())
    with pytest.raises(Conflict) as refused:
        await harbour.append_turns(over.call_id, [HELLO])
    assert refused.value.code == "state_conflict"
    with pytest.raises(NotFound):
        await harbour.append_turns(new_id(), [HELLO])


async def test_a_recording_comes_from_a_file(harbour: AsyncAidial, sound: Path) -> None:
    call, _ = await harbour.deliver_call(fresh(consent=OBTAINED))
    kept = await harbour.upload_recording(call.call_id, sound)
    assert [(one.side, one.media_type, one.duration_seconds) for one in kept.sides] == [
        ("mixed", "audio/wav", 2.0)
    ]
    assert kept.sides[0].size_bytes == len(wav())
    version = (await harbour.call(call.call_id)).version
    await harbour.upload_recording(call.call_id, str(sound))
    assert (await harbour.call(call.call_id)).version == version
    await harbour.upload_recording(call.call_id, sound, side="caller")
    found = await harbour.recording(call.call_id)
    assert {one.side for one in found.sides} == {"mixed", "caller"}


async def test_what_is_refused_is_refused_before_the_file_is_sent(
    harbour: AsyncAidial, sound: Path, tmp_path: Path
) -> None:
    call, _ = await harbour.deliver_call(fresh(consent=OBTAINED))
    with pytest.raises(PreconditionFailed):
        await harbour.upload_recording(call.call_id, sound, etag='"stale"')
    with pytest.raises(NotFound):
        await harbour.upload_recording(new_id(), sound)
    huge = tmp_path / "huge.wav"
    with huge.open("wb") as file:
        file.truncate(2 * 1024**3)
    with pytest.raises(TooLarge) as refused:
        await harbour.upload_recording(call.call_id, huge)
    assert refused.value.code == "file_too_large"
    with pytest.raises(FileNotFoundError):
        await harbour.upload_recording(call.call_id, tmp_path / "nowhere.wav")
    words = tmp_path / "words.wav"
    words.write_text("this is no sound", encoding="utf-8")
    with pytest.raises(InvalidRequest) as wrong:
        await harbour.upload_recording(call.call_id, words)
    assert wrong.value.code == "unsupported_media_type"


async def test_a_lost_line_sends_the_whole_file_again(scripted: ScriptedServer, sound: Path) -> None:
    scripted.steps = [LOST, Raw(201, RECORDING)]
    async with AsyncAidial(scripted.url, KEY) as client:
        await client.upload_recording("c", sound)
    assert [one.body for one in scripted.asked] == [wav(), wav()]
    assert scripted.asked[1].headers["content-length"] == str(len(wav()))
    assert "transfer-encoding" not in scripted.asked[1].headers


async def test_an_upload_under_an_etag_is_never_repeated(scripted: ScriptedServer, sound: Path) -> None:
    scripted.steps = [LOST, Raw(201, RECORDING)]
    async with AsyncAidial(scripted.url, KEY) as client:
        with pytest.raises(NoAnswer):
            await client.upload_recording("c", sound, etag='"1"')
    assert len(scripted.asked) == 1


async def test_an_api_that_says_nothing_to_a_file_is_no_answer(scripted: ScriptedServer, sound: Path) -> None:
    scripted.steps = [SILENT]
    async with AsyncAidial(scripted.url, KEY, timeout_s=2, retries=0) as client:
        with pytest.raises(NoAnswer, match=r"within 2 s"):
            await client.upload_recording("c", sound)


async def test_each_piece_of_a_file_moves_the_limit_on(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    path.write_bytes(bytes(3 * PIECE_BYTES + 7))
    body = await look_at(path)
    async with asyncio.timeout(60) as limit:
        moved = [(len(piece), limit.when()) async for piece in body.pieces(limit, 60)]
    assert [size for size, _ in moved] == [PIECE_BYTES, PIECE_BYTES, PIECE_BYTES, 7]
    times = [when for _, when in moved if when is not None]
    assert times == sorted(times)
    assert len(set(times)) == 4


async def test_it_works_without_await(world: World, sound: Path) -> None:
    def work() -> None:
        with Aidial(world.api.url, world.harbour_manage.key) as client:
            call, _ = client.deliver_call({**live(), "consent": OBTAINED})
            assert client.append_turns(call.call_id, [HELLO, ANSWER], from_index=0).message_count == 2
            assert client.upload_recording(call.call_id, sound).sides[0].side == "mixed"
            assert client.recording(call.call_id).availability == "available"

    await asyncio.to_thread(work)
