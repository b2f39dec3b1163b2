"""A recording may come before the words: what they tell, or that nobody will know them, takes it away."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from aidial.worker import files_of, work
from aidial_api.kernel.redaction import RedactionFailed
from aidial_api.settings import read_settings
from aidial_api.surfaces.calls import redacting
from aidial_contract.ids import new_id
from tests.people import HARBOUR
from tests.support.api import World
from tests.support.askers import Answer
from tests.support.recordings import consented_call, wav

CODE = ("What's the CVV?", "314")
GONE: dict[str, Any] = {"availability": "deleted", "sides": [], "duration_seconds": None}


async def live_call(world: World) -> str:
    """A call that began a moment ago, of which nothing was told yet; its id."""
    now = datetime.now(UTC).isoformat()
    return await consented_call(
        world, status="live", started_at=now, answered_at=None, ended_at=None, end_reason=None, turns=[]
    )


async def record(world: World, call_id: str, side: str = "mixed") -> Answer:
    path = f"/v1/calls/{call_id}/recording?side={side}"
    return await world.harbour_manage.put(path, wav(0.2), content_type="audio/wav")


async def say(world: World, call_id: str, *texts: str) -> Answer:
    turns = [{"speaker": "caller", "text": text} for text in texts]
    return await world.harbour_manage.post(f"/v1/calls/{call_id}/turns", {"turns": turns})


async def kept_of(world: World, call_id: str) -> list[str]:
    """The files that the store has of a call, once the worker did what was asked of it."""
    await work(world.urls.app_url, wait=False, files=files_of(read_settings(world.environ)))
    rows = await world.sql("SELECT recording_id::text FROM recordings WHERE call_id = $1", call_id)
    kept = kept_names(world)
    return [row["recording_id"] for row in rows if row["recording_id"] in kept]


def kept_names(world: World) -> set[str]:
    folder = Path(urlsplit(world.environ["AIDIAL_STORAGE_URL"]).path)
    return {path.name for path in folder.rglob("*") if path.is_file()}


async def deletions(world: World, call_id: str) -> list[dict[str, Any]]:
    events = await world.events(call_id)
    return [
        json.loads(event["technical"])
        for event in events
        if event["action"] == "recordings.recording.withdrawn"
    ]


def breaks_redaction(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> None:
        raise RedactionFailed("too much work")

    monkeypatch.setattr(redacting, "redact_turns", fails)


async def test_a_card_code_told_later_takes_the_recording_away(world: World) -> None:
    call_id = await live_call(world)
    for side in ("caller", "agent"):
        assert (await record(world, call_id, side)).status == 201
    assert (await say(world, call_id, "Good morning.")).json["recording"]["availability"] == "available"
    assert len(await kept_of(world, call_id)) == 2
    told = await say(world, call_id, *CODE)
    assert (told.status, told.json["recording"]) == (200, GONE)
    shown = await world.harbour_manage.get(f"/v1/calls/{call_id}")
    assert (shown.json, shown.headers["etag"]) == (told.json, told.headers["etag"])
    assert await kept_of(world, call_id) == []
    assert await deletions(world, call_id) == [{"sides": ["agent", "caller"], "reason": "card_code"}]
    again = await record(world, call_id)
    assert (again.status, again.json["details"]) == (409, {"reason": "compliance"})
    await say(world, call_id, "Thanks.")
    assert len(await deletions(world, call_id)) == 1


async def test_another_code_takes_nothing_away_and_nobody_plays_it(world: World) -> None:
    call_id = await live_call(world)
    assert (await record(world, call_id)).status == 201
    assert (await say(world, call_id, "Your SMS verification code is 4412.")).status == 200
    assert len(await kept_of(world, call_id)) == 1
    assert await deletions(world, call_id) == []
    again = await record(world, call_id)
    assert (again.status, again.json["details"]) == (409, {"reason": "compliance"})


async def test_no_legal_hold_keeps_a_card_code(world: World) -> None:
    call_id = await live_call(world)
    assert (await record(world, call_id)).status == 201
    await world.sql(
        "INSERT INTO legal_holds (client_id, hold_id, kind, call_id, reason)"
        " VALUES ($1, $2, 'call', $3, 'x')",
        HARBOUR,
        new_id(),
        call_id,
    )
    await say(world, call_id, *CODE)
    assert await kept_of(world, call_id) == []
    await world.sql("DELETE FROM legal_holds WHERE client_id = $1", HARBOUR)


async def test_a_call_nobody_will_know_the_words_of_keeps_no_recording(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_id = await live_call(world)
    assert (await record(world, call_id)).status == 201
    breaks_redaction(monkeypatch)
    failed = await say(world, call_id, "Good morning.")
    monkeypatch.undo()
    assert (failed.json["transcript_state"], failed.json["recording"]) == ("redaction_failed", GONE)
    assert await kept_of(world, call_id) == []
    assert await deletions(world, call_id) == [{"sides": ["mixed"], "reason": "redaction_failed"}]
    assert (await record(world, call_id)).json["details"] == {"reason": "compliance"}


async def test_a_call_that_came_with_words_nobody_could_redact_takes_no_recording(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks_redaction(monkeypatch)
    call_id = await consented_call(world)
    monkeypatch.undo()
    answer = await record(world, call_id)
    assert (answer.status, answer.code) == (409, "recording_unavailable")
    assert answer.json["details"] == {"reason": "compliance"}
    assert await kept_of(world, call_id) == []


async def test_an_upload_under_way_while_the_code_is_told_is_refused(world: World) -> None:
    call_id = await live_call(world)
    headers = {**world.harbour_manage.headers, "content-type": "audio/wav"}

    async def pieces() -> AsyncIterator[bytes]:
        yield wav(1.0)
        assert (await say(world, call_id, *CODE)).status == 200
        yield bytes(1_000)

    path = f"/v1/calls/{call_id}/recording"
    async with world.api.http.put(path, data=pieces(), headers=headers) as answer:
        said = await answer.json()
        assert (answer.status, said["code"]) == (409, "recording_unavailable")
        assert said["details"] == {"reason": "compliance"}
    assert await kept_of(world, call_id) == []
    shown = await world.harbour_manage.get(f"/v1/calls/{call_id}/recording")
    assert (shown.json["availability"], shown.json["sides"]) == ("none", [])
