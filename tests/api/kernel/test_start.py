"""An API that cannot start says why, and never in words that may hold a secret."""

from __future__ import annotations

import base64
from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

import pytest

from aidial_api.app import Application
from aidial_api.settings import read_settings

ENVIRON = {
    "DATABASE_URL": "postgresql://aidial_app:pw@127.0.0.1:1/aidial",
    "AIDIAL_MASTER_KEY": base64.b64encode(bytes(32)).decode(),
    "ZITADEL_ISSUER": "http://127.0.0.1:1",
    "AIDIAL_API_AUDIENCE": "aidial-api",
}


async def _told(database_url: str) -> str:
    """What the server hears of a start that fails."""
    heard: list[MutableMapping[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: MutableMapping[str, Any]) -> None:
        heard.append(message)

    app = Application(replace(read_settings(ENVIRON), database_url=database_url))
    await app({"type": "lifespan"}, receive, send)
    (failed,) = heard
    assert failed["type"] == "lifespan.startup.failed"
    return str(failed["message"])


@pytest.mark.parametrize(
    ("database_url", "said"),
    [
        ("postgresql://u:s3cretHALF/other@127.0.0.1/aidial", "cannot be used"),
        ("postgresql://u:s3cret@127.0.0.1:1/aidial", "ConnectionRefusedError"),
        ("postgresql://u:s3cret@h1,,h2/aidial", "IndexError"),
    ],
)
async def test_why_the_api_does_not_start(database_url: str, said: str) -> None:
    told = await _told(database_url)
    assert said in told
    assert "s3cret" not in told
    assert "index out of" not in told
