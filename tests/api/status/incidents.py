"""Publishing and resolving incidents in tests.

The one thing a newcomer would get wrong: an incident for everybody is a banner on every page of the world
until it is resolved, so it is opened in a block that resolves it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.askers import Asker


def new_incident(**changes: Any) -> dict[str, Any]:
    """What opens one: minor, for everybody."""
    said = {"severity": "minor", "title": "Calls start late", "message": "We are looking into it."}
    return {**said, **changes}


@asynccontextmanager
async def incident(publisher: Asker, **changes: Any) -> AsyncIterator[dict[str, Any]]:
    """An incident as it was made, resolved after the block when it is not by then."""
    made = await publisher.post("/v1/incidents", new_incident(**changes))
    assert made.status == 201, made
    opened: dict[str, Any] = made.json["incident"]
    path = f"/v1/incidents/{opened['incident_id']}"
    try:
        yield opened
    finally:
        now = (await publisher.get(path)).json["incident"]
        if now["state"] != "resolved":
            done = {"state": "resolved", "expected_version": now["version"]}
            assert (await publisher.patch(path, done)).status == 200
