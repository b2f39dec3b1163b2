"""A file that is on its way is asked again whether it may: a right that ends takes the rest of it away."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator

import aiohttp
import pytest

from aidial_api.surfaces.recordings import reading
from aidial_contract.ids import new_api_key
from tests.people import ALICE, HARBOUR
from tests.support.api import World
from tests.support.recordings import consented_call, wav

LARGE = wav(0.1) + os.urandom(24 * 1024 * 1024)
"""More than is on its way at any moment."""


@pytest.fixture(autouse=True)
def _at_every_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's second has to pass."""
    monkeypatch.setattr(reading, "ASK_AGAIN_S", 0.0)


async def test_a_session_that_ends_gets_no_more_of_a_recording(world: World) -> None:
    call_id = await consented_call(world)
    path = f"/v1/calls/{call_id}/recording"
    headers = {**world.harbour_manage.headers, "content-type": "audio/wav"}
    async with world.api.http.put(path, data=io.BytesIO(LARGE), headers=headers) as sent:
        assert sent.status == 201
    alice = await world.sign_in(ALICE)
    url = (await alice.post(f"{path}/download")).json["url"]
    async with world.api.http.get(url, headers=alice.headers) as whole:
        assert await whole.read() == LARGE
    async with world.api.http.get(url, headers=alice.headers) as answer:
        await answer.content.readexactly(1_000)
        ended = await alice.post(f"/v1/sessions/{alice.session_id}/sign-out", {})
        assert ended.status == 204, ended
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.content.read()


async def test_a_call_that_is_hidden_is_heard_no_further(world: World) -> None:
    call_id = await consented_call(world)
    path = f"/v1/calls/{call_id}"
    headers = {**world.harbour_manage.headers, "content-type": "audio/wav"}
    async with world.api.http.put(f"{path}/recording", data=io.BytesIO(LARGE), headers=headers) as sent:
        assert sent.status == 201
    url = (await world.alice.post(f"{path}/recording/download")).json["url"]
    async with world.api.http.get(url, headers=world.alice.headers) as answer:
        await answer.content.readexactly(1_000)
        await world.harbour_manage.patch(path, {"transcript_hidden": True}, if_match="*")
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.content.read()


async def test_a_key_that_is_revoked_leaves_no_recording(world: World) -> None:
    call_id = await consented_call(world)
    text, parts = new_api_key("live")
    await world.provisioner.add_key(HARBOUR, text, scope="manage", description="of an uploader")
    world.api.hear()

    async def pieces() -> AsyncIterator[bytes]:
        yield wav(1.0)
        revoked = await world.priya.post(f"/v1/api-keys/{parts.api_key_id}/revoke", {})
        assert revoked.status == 200, revoked
        await world.api.all_heard(world.past_policies)
        yield bytes(100_000)

    headers = {"x-api-key": text, "content-type": "audio/wav"}
    path = f"/v1/calls/{call_id}/recording"
    async with world.api.http.put(path, data=pieces(), headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (401, "api_key_revoked")
    assert (await world.harbour_manage.get(f"/v1/calls/{call_id}")).json["recording"] is None
