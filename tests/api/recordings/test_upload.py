"""A voice runtime uploads recordings: any of the kinds, streamed, once or again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from aidial_contract.ids import new_id
from tests.people import HARBOUR
from tests.support.api import RunningApi, World, running_api
from tests.support.askers import Answer, KeyHolder
from tests.support.recordings import consented_call, form_of, recorded_call, sound, wav


async def upload(
    world: World, call_id: str, content: bytes, content_type: str = "audio/wav", query: str = "", **more: str
) -> Answer:
    return await world.harbour_manage.put(
        f"/v1/calls/{call_id}/recording{query}", content, content_type=content_type, **more
    )


def tag_of(size: int) -> bytes:
    """An ID3 tag with room for so many bytes."""
    return b"ID3\x04\x00\x00" + bytes(size >> shift & 127 for shift in (21, 14, 7, 0)) + bytes(size)


def with_bytes(content: bytes, at: int, other: bytes) -> bytes:
    return content[:at] + other + content[at + len(other) :]


def large_page(pieces: int = 200) -> bytes:
    """The first page of an Ogg file that is right but for its size, summed as RFC 3533 says."""
    page = bytearray(b"OggS\x00\x02" + bytes(20) + bytes([pieces]) + b"\xff" * pieces)
    page += b"OpusHead".ljust(255 * pieces, b"\x00")
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1) ^ 0x1_04C1_1DB7 if value >> 31 else value << 1
    page[22:26] = value.to_bytes(4, "little")
    return bytes(page)


def kept_files(world: World) -> list[Path]:
    folder = Path(urlsplit(world.environ["AIDIAL_STORAGE_URL"]).path)
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_a_wav_becomes_the_calls_recording(world: World) -> None:
    call_id = await consented_call(world)
    before = await world.harbour_manage.get(f"/v1/calls/{call_id}")
    answer = await upload(world, call_id, wav(2.0))
    assert answer.status == 201, answer
    after = await world.harbour_manage.get(f"/v1/calls/{call_id}")
    assert after.headers["etag"] == answer.headers["etag"] != before.headers["etag"]
    assert after.json["recording"] == {
        "availability": "available",
        "sides": ["mixed"],
        "duration_seconds": 2,
    }
    (side,) = answer.json["sides"]
    assert (side["side"], side["media_type"], side["duration_seconds"]) == ("mixed", "audio/wav", 2.0)
    assert [event["action"] for event in await world.events(call_id)][-1] == "recordings.recording.uploaded"


@pytest.mark.parametrize(
    ("content", "content_type", "media_type"),
    [
        (sound("WAV", "ULAW", 0.5), "application/octet-stream", "audio/wav"),
        (sound("MP3", "MPEG_LAYER_III", 0.5), "audio/mpeg", "audio/mpeg"),
        (tag_of(5_000) + bytes(9) + sound("MP3", "MPEG_LAYER_III", 0.5), "audio/mpeg", "audio/mpeg"),
        (tag_of(100_000) + sound("MP3", "MPEG_LAYER_III", 0.5), "audio/mpeg", "audio/mpeg"),
        (sound("OGG", "VORBIS", 0.5), "audio/ogg", "audio/ogg"),
        (sound("OGG", "OPUS", 0.5), "audio/opus", "audio/ogg"),
        (sound("WAV", "MS_ADPCM", 0.5), "audio/x-wav", "audio/wav"),
        (wav(0.1), "", "audio/wav"),
    ],
    ids=["mu-law", "mp3", "tagged", "pictured", "vorbis", "opus", "adpcm", "unnamed"],
)
async def test_each_kind_is_known_by_its_content(
    world: World, content: bytes, content_type: str, media_type: str
) -> None:
    call_id = await consented_call(world)
    answer = await upload(world, call_id, content, content_type)
    assert (answer.status, answer.json["sides"][0]["media_type"]) == (201, media_type)


async def test_a_form_with_the_file_does_as_well(world: World) -> None:
    content, content_type = form_of(wav(0.2))
    answer = await upload(world, await consented_call(world), content, content_type)
    assert answer.status == 201, answer
    assert answer.json["sides"][0]["size_bytes"] == len(wav(0.2))
    content, content_type = form_of(wav(0.2), name="other")
    answer = await upload(world, await consented_call(world), content, content_type)
    assert (answer.status, answer.json["field_errors"][0]["field"]) == (422, "/file")
    answer = await upload(world, await consented_call(world), b"no form at all", content_type)
    assert (answer.status, answer.code) == (400, "malformed_request")


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"%PDF-1.7 is no sound", "audio/wav"),
        (b"", "audio/wav"),
        (b"RIFF\x00\x00\x00\x00WAVE", "audio/wav"),
        (wav(0.1), "audio/mpeg"),
        (wav(0.1), "video/mp4"),
        (b"ID3<!doctype html><script>" + b" " * 100_000, "audio/mpeg"),
        (tag_of(100) + b"<!doctype html>" * 1_000, "audio/mpeg"),
        (tag_of(100), "audio/mpeg"),
        (b"\xff\xfb\x90\x00<script>" + b" " * 1_000, "audio/mpeg"),
        (b"OggS" + b"\x00" * 24 + b"OpusHead lies", "audio/ogg"),
        (with_bytes(sound("OGG", "OPUS", 0.2), 40, b"\x07"), "audio/ogg"),
        (large_page(), "audio/ogg"),
        (with_bytes(wav(0.1), 20, b"\x99\x99"), "audio/wav"),
        (with_bytes(wav(0.1), 22, b"\x00\x00"), "audio/wav"),
        (with_bytes(wav(0.1), 24, b"\x01\x00\x00\x00"), "audio/wav"),
        (with_bytes(sound("WAV", "IMA_ADPCM", 0.2), 28, b"\x01\x00\x00\x00"), "audio/wav"),
    ],
    ids=[
        *("a paper", "nothing", "no format", "not as claimed", "no audio", "a page", "a page after a tag"),
        *("a tag alone", "one frame's head", "Opus by name", "a page not as summed", "a page of 50 kB"),
        *("no known codec", "no channels", "no rate", "a day of four kB"),
    ],
)
async def test_what_is_no_recording_is_415_and_leaves_nothing(
    world: World, content: bytes, content_type: str
) -> None:
    call_id = await consented_call(world)
    files = len(kept_files(world))
    answer = await upload(world, call_id, content, content_type)
    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    assert len(kept_files(world)) == files
    shown = await world.harbour_manage.get(f"/v1/calls/{call_id}/recording")
    assert (shown.json["availability"], shown.json["sides"]) == ("none", [])


async def test_a_wav_is_as_long_as_its_samples_whatever_it_claims_a_second(world: World) -> None:
    content = with_bytes(wav(2.0), 28, b"\x01\x00\x00\x00")
    answer = await upload(world, await consented_call(world), content)
    assert (answer.status, answer.json["sides"][0]["duration_seconds"]) == (201, 2.0)


@pytest.fixture(scope="module")
async def narrow(world: World) -> AsyncIterator[RunningApi]:
    async with running_api({**world.environ, "AIDIAL_LIMIT_RECORDING": "20KiB"}) as api:
        yield api


@pytest.mark.parametrize("declared", [True, False])
async def test_a_recording_above_the_limit_is_413(world: World, narrow: RunningApi, declared: bool) -> None:  # noqa: FBT001 - a parameter of the test
    call_id = await consented_call(world)
    files = len(kept_files(world))

    async def in_pieces() -> AsyncIterator[bytes]:
        yield wav(5.0)

    path = f"/v1/calls/{call_id}/recording"
    headers = {**world.harbour_manage.headers, "content-type": "audio/wav"}
    data = wav(5.0) if declared else in_pieces()
    async with narrow.http.put(path, data=data, headers=headers) as answer:
        body = await answer.json()
        assert (answer.status, body["code"]) == (413, "file_too_large")
        assert body["details"] == {"limit_bytes": 20 * 1024}
    assert len(kept_files(world)) == files


@pytest.mark.parametrize("declared", [True, False])
async def test_a_form_may_be_longer_than_the_limit_and_its_file_may_not(
    world: World,
    narrow: RunningApi,
    declared: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    fits = wav(1.0).ljust(20 * 1024, b"\x00")
    for content, status in ((fits, 201), (fits + b"\x00", 413), (fits * 3, 413)):
        body, content_type = form_of(content)

        async def in_pieces(whole: bytes = body) -> AsyncIterator[bytes]:
            yield whole

        path = f"/v1/calls/{await consented_call(world)}/recording"
        headers = {**world.harbour_manage.headers, "content-type": content_type}
        async with narrow.http.put(path, data=body if declared else in_pieces(), headers=headers) as answer:
            said = await answer.json()
            assert answer.status == status, said
            if status == 413:
                assert (said["code"], said["details"]) == ("file_too_large", {"limit_bytes": 20 * 1024})


async def test_the_same_again_changes_nothing_and_another_takes_its_place(world: World) -> None:
    call_id = await consented_call(world)
    first = await upload(world, call_id, wav(1.0))
    again = await upload(world, call_id, wav(1.0))
    assert (first.status, again.status) == (201, 200)
    assert again.headers["etag"] == first.headers["etag"]
    other = await upload(world, call_id, wav(1.5))
    assert (other.status, other.json["sides"][0]["duration_seconds"]) == (200, 1.5)
    assert other.headers["etag"] != first.headers["etag"]
    rows = await world.sql("SELECT state FROM recordings WHERE call_id = $1 ORDER BY recording_id", call_id)
    assert [row["state"] for row in rows] == ["deleting", "deleting", "stored"]


async def test_a_recording_under_legal_hold_is_not_replaced(world: World) -> None:
    call_id = await consented_call(world)
    assert (await upload(world, call_id, wav(0.1))).status == 201
    await world.sql(
        "INSERT INTO legal_holds (client_id, hold_id, kind, call_id, reason)"
        " VALUES ($1, $2, 'call', $3, 'x')",
        HARBOUR,
        new_id(),
        call_id,
    )
    assert (await upload(world, call_id, wav(0.2))).code == "state_conflict"
    rows = await world.sql("SELECT state FROM recordings WHERE call_id = $1 ORDER BY recording_id", call_id)
    assert rows[0]["state"] == "stored"
    await world.sql("DELETE FROM legal_holds WHERE client_id = $1", HARBOUR)
    assert (await upload(world, call_id, wav(0.2))).status == 200


async def test_if_match_is_obeyed_where_it_is_given(world: World) -> None:
    call_id = await consented_call(world)
    tag = (await world.harbour_manage.get(f"/v1/calls/{call_id}")).headers["etag"]
    assert (await upload(world, call_id, wav(0.3), if_match=tag)).status == 201
    stale = await upload(world, call_id, wav(0.4), if_match=tag)
    assert (stale.status, stale.code) == (412, "revision_stale")


async def test_each_side_is_a_recording_of_its_own(world: World) -> None:
    call_id = await consented_call(world)
    for side in ("agent", "caller"):
        assert (await upload(world, call_id, wav(0.5), query=f"?side={side}")).status == 201
    shown = await world.harbour_manage.get(f"/v1/calls/{call_id}/recording")
    assert [one["side"] for one in shown.json["sides"]] == ["caller", "agent"]
    wrong = await upload(world, call_id, wav(0.5), query="?side=both")
    assert (wrong.status, wrong.code) == (400, "unsupported_query_value")


async def test_a_call_in_which_a_card_code_was_said_is_never_kept(world: World) -> None:
    turns = [
        {"speaker": "agent", "text": "And the three digits on the back?"},
        {"speaker": "caller", "text": "The CVV is 123."},
    ]
    call_id = await consented_call(world, turns=turns)
    files = len(kept_files(world))
    answer = await upload(world, call_id, wav(0.5))
    assert (answer.status, answer.code) == (409, "recording_unavailable")
    assert answer.json["details"] == {"reason": "compliance"}
    assert len(kept_files(world)) == files


async def test_what_lies_in_the_store_is_not_the_recording(world: World) -> None:
    content = wav(3.0)
    call_id = await recorded_call(world, content)
    rows = await world.sql("SELECT recording_id FROM recordings WHERE call_id = $1", call_id)
    (kept,) = [path for path in kept_files(world) if path.name == str(rows[0]["recording_id"])]
    sealed = kept.read_bytes()
    assert len(sealed) > len(content)
    assert b"WAVE" not in sealed
    assert content[1_000:1_064] not in sealed


async def test_a_rivals_key_and_a_reading_key_upload_nothing(
    world: World,
) -> None:
    path = f"/v1/calls/{await consented_call(world)}/recording"
    rival: KeyHolder = world.northside_manage
    assert (await rival.put(path, wav(0.1), content_type="audio/wav")).code == "not_found"
    assert (await world.harbour_read.put(path, wav(0.1), content_type="audio/wav")).code == (
        "scope_insufficient"
    )
