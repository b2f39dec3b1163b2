"""People hear recordings through the portal: the review's player, its addresses, ranges, and refusals."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from aidial.worker import files_of, work
from aidial_api.settings import read_settings
from aidial_contract.headers import API_KEY
from aidial_contract.ids import new_id
from tests.people import ALICE, CHLOE, FRONT_DESK, HARBOUR, TOM
from tests.support.portal import Page, Town
from tests.support.recordings import OBTAINED, let_staff_play, sound, wav
from tests.support.world_calls import new_call

SOUND = wav(10.0)
CALLER = wav(7.0, falls=True)
_PACKED = sound("WAV", "IMA_ADPCM", 3.0)
NO_SOUND = _PACKED[:32] + bytes(2) + _PACKED[34:]
"""Three seconds by its head, in blocks of no bytes."""


async def recorded(town: Town, consent: Any = OBTAINED) -> str:
    """A call of the front desk with a recording; its id."""
    call_id = await town.deliver(HARBOUR, new_call(FRONT_DESK, f"heard-{new_id()}", consent=consent))
    await send(town, call_id, SOUND)
    return call_id


async def send(town: Town, call_id: str, content: bytes, side: str = "mixed") -> None:
    headers = {API_KEY: town.keys[HARBOUR], "content-type": "audio/wav"}
    path = f"/v1/calls/{call_id}/recording?side={side}"
    async with town.api.http.put(path, data=content, headers=headers) as answer:
        assert answer.status == 201


async def measure(town: Town) -> None:
    """What the worker does with every recording that came."""
    await work(town.urls.app_url, wait=False, files=files_of(read_settings(town.environ)))


def voices_of(page: Page) -> dict[str, dict[str, str]]:
    """What the choice of a voice holds of each: `["caller"]["seconds"]`."""
    return {
        side: {name: unescape(value) for name, value in re.findall(r'data-(\w+)="([^"]*)"', rest)}
        for side, rest in re.findall(r'<option value="(mixed|caller|agent)"([^>]*)>', page.text)
    }


@pytest.fixture(scope="module")
async def call_id(town: Town) -> str:
    return await recorded(town)


async def test_alice_plays_a_range_of_a_recording(town: Town, call_id: str) -> None:
    alice = await town.of(ALICE)
    given = await alice.change("POST", f"/api/calls/{call_id}/recording/playback")
    assert (given.status, set(given.json)) == (200, {"url", "expires_at"})
    url = given.json["url"]
    assert url.startswith(f"/api/calls/{call_id}/recording/media/")
    whole = await alice.get(url)
    assert (whole.status, whole.headers["content-type"], whole.body) == (200, "audio/wav", SOUND)
    part = await alice.get(url, range="bytes=100000-100099")
    assert (part.status, part.body) == (206, SOUND[100_000:100_100])
    assert part.headers["content-range"] == f"bytes 100000-100099/{len(SOUND)}"
    assert part.headers["content-length"] == "100"
    head = await alice.ask("HEAD", url)
    assert (head.status, head.headers["content-length"], head.body) == (200, str(len(SOUND)), b"")
    changed = await alice.get(url, range="bytes=0-9", if_range='"another"')
    assert changed.status == 200


async def test_a_range_outside_is_416_in_the_family_of_calls(town: Town, call_id: str) -> None:
    alice = await town.of(ALICE)
    url = (await alice.change("POST", f"/api/calls/{call_id}/recording/playback")).json["url"]
    answer = await alice.get(url, range=f"bytes={len(SOUND)}-")
    assert (answer.status, answer.json["error"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"


async def test_an_address_is_worth_nothing_in_another_session(town: Town, call_id: str) -> None:
    alice = await town.of(ALICE)
    url = (await alice.change("POST", f"/api/calls/{call_id}/recording/playback")).json["url"]
    async with town.visitor(ALICE) as elsewhere:
        answer = await elsewhere.get(url)
        assert (answer.status, answer.json["error"]) == (404, "not_found")


async def test_alice_downloads_a_recording_and_tom_meets_404(town: Town, call_id: str) -> None:
    alice, tom = await town.of(ALICE), await town.of(TOM)
    given = await alice.change("POST", f"/api/calls/{call_id}/recording/download")
    file = await alice.get(given.json["url"])
    assert (file.status, file.body) == (200, SOUND)
    assert file.headers["content-disposition"] == f'attachment; filename="recording-{call_id}.wav"'
    for what in ("playback", "download"):
        refused = await tom.change("POST", f"/api/calls/{call_id}/recording/{what}")
        assert (refused.status, refused.json["error"]["code"]) == (404, "not_found")


async def test_the_review_shows_a_player_or_why_there_is_none(town: Town, call_id: str) -> None:
    alice = await town.of(ALICE)
    page = await alice.get(f"/calls?expand={call_id}")
    assert "data-player " in page.text
    assert "Download this recording?" in page.words
    alone = await recorded(town, {"state": "unavailable"})
    page = await alice.get(f"/calls?expand={alone}")
    assert "no record that the caller agreed" in page.words
    assert "data-player " not in page.text
    refused = await alice.change("POST", f"/api/calls/{alone}/recording/playback")
    assert (refused.status, refused.json["error"]["code"]) == (409, "recording_unavailable")
    assert refused.json["error"]["details"] == {"reason": "consent"}


async def test_each_voice_has_a_waveform_a_length_and_a_description_of_its_own(town: Town) -> None:
    call_id = await recorded(town)
    await send(town, call_id, CALLER, "caller")
    await measure(town)
    alice = await town.of(ALICE)
    page = await alice.get(f"/calls?expand={call_id}")
    voices = voices_of(page)
    assert list(voices) == ["mixed", "caller"]
    assert {side: float(voice["seconds"]) for side, voice in voices.items()} == {"mixed": 10, "caller": 7}
    assert voices["mixed"]["described"].startswith("Loudest at 0:09;")
    assert voices["caller"]["described"].startswith("Loudest at 0:00;")
    assert voices["mixed"]["wave"] != voices["caller"]["wave"]
    # The first is what is drawn, and said where no script runs.
    assert re.findall(r'<path d="(M0 \d+v[^"]*)"', page.text) == [voices["mixed"]["wave"]]
    assert voices["mixed"]["described"] in page.words
    assert voices["caller"]["described"] not in page.words
    assert "0:00 / 0:10" in page.words
    assert "This recording lasts 10 s." in page.words


async def test_a_voice_that_is_not_measured_yet_is_a_line_and_says_nothing(town: Town) -> None:
    call_id = await recorded(town)
    await measure(town)
    await send(town, call_id, CALLER, "agent")
    alice = await town.of(ALICE)
    voices = voices_of(await alice.get(f"/calls?expand={call_id}"))
    assert (voices["agent"]["wave"], voices["agent"]["described"]) == ("M0 20H240", "")
    assert float(voices["agent"]["seconds"]) == 7
    assert voices["mixed"]["described"]


async def test_what_is_no_sound_says_so_and_can_be_downloaded(town: Town) -> None:
    call_id = await recorded(town)
    await send(town, call_id, NO_SOUND, "caller")
    await measure(town)
    page = await (await town.of(ALICE)).get(f"/calls?expand={call_id}")
    assert 'class="player"' in page.text  # both voices can be heard
    assert re.findall(r'value="(\w+)"[^>]* data-unreadable>', page.text) == ["caller"]
    assert float(voices_of(page)["caller"]["seconds"]) == 0
    alone = await town.deliver(HARBOUR, new_call(FRONT_DESK, f"heard-{new_id()}", consent=OBTAINED))
    await send(town, alone, NO_SOUND)
    await measure(town)
    page = await (await town.of(ALICE)).get(f"/calls?expand={alone}")
    assert 'class="player is-unreadable"' in page.text
    assert "The recording cannot be played here" in page.words
    assert "You can still download it." in page.words
    assert "This recording lasts" not in page.words


async def test_one_voice_is_no_choice(town: Town, call_id: str) -> None:
    page = await (await town.of(ALICE)).get(f"/calls?expand={call_id}")
    assert "data-player " in page.text
    assert voices_of(page) == {}


@pytest.mark.parametrize("what", ["playback", "download"])
async def test_alice_gets_the_voice_she_chose(town: Town, what: str) -> None:
    call_id = await recorded(town)
    await send(town, call_id, CALLER, "caller")
    alice, tom = await town.of(ALICE), await town.of(TOM)
    path = f"/api/calls/{call_id}/recording/{what}"
    for asked, heard in {"": SOUND, "?side=mixed": SOUND, "?side=caller": CALLER}.items():
        given = await alice.change("POST", path + asked)
        assert given.status == 200, given.text
        assert (await alice.get(given.json["url"])).body == heard
    refused = await alice.change("POST", f"{path}?side=agent")
    assert (refused.status, refused.json["error"]["details"]) == (409, {"reason": "media"})
    denied = await tom.change("POST", f"{path}?side=caller")
    assert (denied.status, denied.json["error"]["code"]) == (404, "not_found")


async def test_chloe_sees_a_player_where_her_organisation_lets_her(town: Town, call_id: str) -> None:
    chloe = await town.of(CHLOE)
    await let_staff_play(town, allowed=False)
    assert "data-player " not in (await chloe.get(f"/calls?expand={call_id}")).text
    await let_staff_play(town)
    page = await chloe.get(f"/calls?expand={call_id}")
    assert "data-player " in page.text
    assert "Download this recording?" not in page.words
