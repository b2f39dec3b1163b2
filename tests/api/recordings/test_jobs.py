"""The worker measures recordings once, deletes what was replaced, and collects what broke off."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from aidial.worker import files_of, work
from aidial_api.kernel.jobs import QUEUE
from aidial_api.kernel.recordings import MEASURE_JOB, file_name
from aidial_api.settings import read_settings
from aidial_api.surfaces.recordings import measuring
from tests.people import HARBOUR
from tests.support.api import World
from tests.support.recordings import consented_call, recorded_call, sound, wav

WAITS_WITHIN_S = 30.0
BLOCK_AT = 32
"""Where a WAV says how many bytes a block of samples has."""
MEASURED_NOW = (
    "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name = 'recordings.measure' AND status = 'doing'"
)
WAITING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def work_now(world: World, **other: str) -> None:
    await work(world.urls.app_url, wait=False, files=files_of(read_settings({**world.environ, **other})))


@pytest.fixture(autouse=True)
async def nothing_left(world: World) -> None:
    """What other tests recorded is measured before: one at a time, it would be waited for here."""
    await work_now(world)


async def broken_off(world: World) -> tuple[str, Path]:
    """A recording whose upload broke off once its audio was in the store: its id, and where that lies."""
    call_id = await consented_call(world)
    path = f"/v1/calls/{call_id}/recording"
    answer = await world.harbour_manage.put(path, b"no sound", content_type="audio/wav")
    assert answer.status == 415
    (row,) = await world.sql(
        "SELECT recording_id::text AS recording_id FROM recordings WHERE call_id = $1", call_id
    )
    name = file_name(HARBOUR, row["recording_id"])
    left = Path(urlsplit(world.environ["AIDIAL_STORAGE_URL"]).path) / name
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"sealed audio")
    return row["recording_id"], left


async def state_of(world: World, recording_id: str) -> str:
    (row,) = await world.sql("SELECT state FROM recordings WHERE recording_id = $1", recording_id)
    return str(row["state"])


async def make_due(world: World, recording_id: str) -> None:
    """Bring what waits to be done about a recording forward."""
    await world.sql(
        "UPDATE jobs.procrastinate_jobs SET scheduled_at = now()"
        " WHERE status = 'todo' AND args ->> 'recording_id' = $1",
        recording_id,
    )


def kept_names(world: World) -> set[str]:
    folder = Path(urlsplit(world.environ["AIDIAL_STORAGE_URL"]).path)
    return {path.name for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("form", "codec"),
    [("WAV", "PCM_16"), ("WAV", "ULAW"), ("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"), ("OGG", "OPUS")],
)
async def test_every_kind_is_measured(world: World, form: str, codec: str) -> None:
    call_id = await consented_call(world)
    path = f"/v1/calls/{call_id}/recording"
    sent = await world.harbour_manage.put(
        path, sound(form, codec, 3.0), content_type="application/octet-stream"
    )
    assert sent.status == 201, sent
    await work_now(world)
    (side,) = (await world.alice.get(path)).json["sides"]
    assert side["measure"] == "done"
    assert 2.9 < side["duration_seconds"] < 3.2
    assert side["channels"] == 1
    assert 30 < len(side["peaks"]) <= 240
    # The tone swells: quiet at its beginning, loudest at its end.
    assert max(side["peaks"][:6]) < 60
    assert max(side["peaks"][-12:]) > 230
    call = await world.harbour_manage.get(f"/v1/calls/{call_id}")
    assert call.json["recording"]["duration_seconds"] == 3


async def test_what_cannot_be_read_says_so_and_can_still_be_fetched(world: World) -> None:
    opus = sound("OGG", "OPUS", 0.5)
    content = opus[: opus.index(b"OggS", 4)] + b"\xff" * 500
    call_id = await recorded_call(world, content=wav(0.1))
    sent = await world.harbour_manage.put(f"/v1/calls/{call_id}/recording", content, content_type="audio/ogg")
    assert sent.status == 200, sent
    await work_now(world)
    (side,) = (await world.alice.get(f"/v1/calls/{call_id}/recording")).json["sides"]
    assert (side["measure"], side["peaks"]) == ("unreadable", None)
    given = await world.alice.post(f"/v1/calls/{call_id}/recording/playback")
    assert (await world.alice.get(given.json["url"])).body == content


async def test_what_cannot_be_read_has_no_length_whatever_its_head_says(world: World) -> None:
    content = bytearray(sound("WAV", "IMA_ADPCM", 3.0))
    content[BLOCK_AT : BLOCK_AT + 2] = bytes(2)
    call_id = await recorded_call(world, bytes(content))
    said = await world.harbour_manage.get(f"/v1/calls/{call_id}")
    assert said.json["recording"]["duration_seconds"] == 3
    await work_now(world)
    (side,) = (await world.alice.get(f"/v1/calls/{call_id}/recording")).json["sides"]
    assert (side["measure"], side["duration_seconds"]) == ("unreadable", None)
    after = await world.harbour_manage.get(f"/v1/calls/{call_id}")
    assert after.json["recording"]["duration_seconds"] is None
    assert after.headers["etag"] != said.headers["etag"]


async def test_a_file_without_any_sound_has_no_length_to_borrow(world: World) -> None:
    call_id = await recorded_call(world, wav(0))
    await work_now(world)
    (side,) = (await world.alice.get(f"/v1/calls/{call_id}/recording")).json["sides"]
    assert (side["measure"], side["duration_seconds"]) == ("unreadable", None)


async def test_a_reader_that_was_killed_says_nothing_about_the_file(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    killed = tmp_path / "killed.py"
    killed.write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(measuring, "_READER", killed)
    call_id = await recorded_call(world, wav(0.5))
    await work_now(world)
    (side,) = (await world.alice.get(f"/v1/calls/{call_id}/recording")).json["sides"]
    assert (side["measure"], side["duration_seconds"]) == ("waiting", 0.5)


async def test_other_work_goes_on_while_recordings_wait_to_be_measured(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    goes_on = tmp_path / "goes_on"
    slow = tmp_path / "slow.py"
    slow.write_text(
        f"import os, sys, time\nwhile not os.path.exists({str(goes_on)!r}): time.sleep(0.02)\nsys.exit(3)"
    )
    monkeypatch.setattr(measuring, "_READER", slow)
    waiting = [await recorded_call(world, wav(0.1)) for _ in range(5)]
    counted = "SELECT count(*) FROM recordings WHERE call_id = any($1::uuid[]) AND measure = $2"
    working = asyncio.create_task(work(world.urls.app_url, files=files_of(read_settings(world.environ))))
    try:
        async with asyncio.timeout(WAITS_WITHIN_S):
            while (await world.sql(MEASURED_NOW))[0]["count"] < 1:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.02)
            recording_id, left = await broken_off(world)
            await make_due(world, recording_id)
            while left.exists():  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.02)
            assert (await world.sql(MEASURED_NOW))[0]["count"] == 1
            assert (await world.sql(counted, waiting, "waiting"))[0]["count"] == len(waiting)
            goes_on.touch()
            while (await world.sql(counted, waiting, "waiting"))[0]["count"]:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.02)
    finally:
        goes_on.touch()
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def test_what_an_older_version_asked_for_is_measured_one_at_a_time_as_well(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    alone, two = tmp_path / "alone", tmp_path / "two"
    counting = tmp_path / "counting.py"
    counting.write_text(
        f"import os, sys, time\ntry: os.mkdir({str(alone)!r})\n"
        f"except FileExistsError: os.mkdir({str(two)!r})\n"
        f"time.sleep(0.3)\nos.rmdir({str(alone)!r})\nsys.exit(3)"
    )
    monkeypatch.setattr(measuring, "_READER", counting)
    calls = [await recorded_call(world, wav(0.1)) for _ in range(3)]
    moved = await world.sql(
        "UPDATE jobs.procrastinate_jobs SET queue_name = $1 WHERE task_name = $2 AND status = 'todo'"
        " RETURNING id",
        QUEUE,
        MEASURE_JOB,
    )
    assert len(moved) == len(calls)
    await work_now(world)
    rows = await world.sql("SELECT measure FROM recordings WHERE call_id = any($1::uuid[])", calls)
    assert [row["measure"] for row in rows] == ["unreadable"] * len(calls)
    assert not two.exists()


async def test_what_was_cut_is_as_long_as_what_is_left_of_it(world: World) -> None:
    whole = sound("MP3", "MPEG_LAYER_III", 20.0)
    call_id = await consented_call(world)
    path = f"/v1/calls/{call_id}/recording"
    sent = await world.harbour_manage.put(path, whole[: len(whole) // 2], content_type="audio/mpeg")
    assert sent.status == 201, sent
    await work_now(world)
    (side,) = (await world.alice.get(path)).json["sides"]
    assert side["measure"] == "done"
    assert 8 < side["duration_seconds"] < 12


async def test_a_replaced_file_goes_and_an_upload_that_broke_off_is_collected(world: World) -> None:
    call_id = await recorded_call(world, wav(0.2))
    (first,) = await world.sql("SELECT recording_id FROM recordings WHERE call_id = $1", call_id)
    await world.harbour_manage.put(f"/v1/calls/{call_id}/recording", wav(0.3), content_type="audio/wav")
    broken = await consented_call(world)
    answer = await world.harbour_manage.put(
        f"/v1/calls/{broken}/recording", b"no sound", content_type="audio/wav"
    )
    assert answer.status == 415
    await world.sql(
        "UPDATE jobs.procrastinate_jobs SET scheduled_at = now() WHERE task_name = 'recordings.collect'"
    )
    assert str(first["recording_id"]) in kept_names(world)
    await work_now(world)
    assert str(first["recording_id"]) not in kept_names(world)
    states = await world.sql(
        "SELECT state, deleted_at IS NOT NULL AS noted FROM recordings WHERE call_id = any($1::uuid[])"
        " ORDER BY state",
        [call_id, broken],
    )
    assert [tuple(row) for row in states] == [("deleted", True), ("deleted", True), ("stored", False)]


async def test_what_broke_off_is_collected_though_the_store_was_away_at_first(world: World) -> None:
    recording_id, left = await broken_off(world)
    await make_due(world, recording_id)
    await work_now(world, AIDIAL_STORAGE_URL="file:///proc/no/folder")
    assert (await state_of(world, recording_id), left.exists()) == ("deleting", True)
    await make_due(world, recording_id)
    await work_now(world)
    assert (await state_of(world, recording_id), left.exists()) == ("deleted", False)


async def test_measuring_holds_no_recording_while_it_waits_for_the_call(world: World) -> None:
    """As uploads and retention do: the call first. Else each could wait for the other."""
    call_id = await consented_call(world)
    path = f"/v1/calls/{call_id}/recording"
    # Of this kind only measuring tells the length, so the call is told as well.
    sent = await world.harbour_manage.put(path, sound("OGG", "VORBIS", 1.0), content_type="audio/ogg")
    assert sent.status == 201, sent
    change = await asyncpg.connect(world.urls.superuser_url)
    try:
        async with change.transaction():
            await change.execute("SELECT FROM calls WHERE call_id = $1 FOR UPDATE", call_id)
            working = asyncio.create_task(work_now(world))
            async with asyncio.timeout(WAITS_WITHIN_S):
                while not await world.sql(WAITING):  # noqa: ASYNC110 - nothing tells
                    await asyncio.sleep(0.02)
            held = await change.fetch(
                "SELECT recording_id FROM recordings WHERE call_id = $1 FOR UPDATE NOWAIT", call_id
            )
        assert len(held) == 1
        await working
    finally:
        await change.close()
    (side,) = (await world.alice.get(path)).json["sides"]
    assert side["measure"] == "done"
