"""Publishing and resolving incidents from a browser.

The one thing a newcomer would get wrong: an incident for everybody is a banner on every page of the town
until it is resolved, so it is opened in a block that resolves it, and concerns one tenant where that will do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.people import OMAR
from tests.support.portal import Town


def new_incident(**changes: Any) -> dict[str, Any]:
    """What opens one: minor, for everybody."""
    return {"severity": "minor", "title": "Calls start late", "message": "We look into it.", **changes}


@asynccontextmanager
async def incident(town: Town, **changes: Any) -> AsyncIterator[dict[str, Any]]:
    """An incident as it was made by Omar, resolved after the block when it is not by then."""
    omar = await town.of(OMAR)
    made = await omar.change("POST", "/api/ops/incidents", new_incident(**changes))
    assert made.status == 201, made.text
    opened: dict[str, Any] = made.json["incident"]
    path = f"/api/ops/incidents/{opened['incident_id']}"
    try:
        yield opened
    finally:
        now = (await omar.get(path)).json["incident"]
        if now["state"] != "resolved":
            done = {"state": "resolved", "expected_version": now["version"]}
            assert (await omar.change("PATCH", path, done)).status == 200
