"""That somebody is here: a page that is loaded keeps its session alive, at most once in 60 s a process.

The one thing a newcomer would get wrong: the page does not wait for it, and only what a person opened counts.
A part of a page that a script fetches would keep a session alive that nobody sits at.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from aidial_contract.fault import Fault
from aidial_contract.shapes.sessions import SessionStatus

if TYPE_CHECKING:
    from aidial_portal.kernel.api import Api
    from aidial_portal.kernel.request import PortalRequest

TOLD_EVERY_S: Final = 60.0
REMEMBERED: Final = 10_000


class Presence:
    """Which sessions the registry was told of lately."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, float] = OrderedDict()
        self._telling: set[asyncio.Task[None]] = set()

    def note(self, request: PortalRequest) -> None:
        """Tell the registry of whoever loads this page, unless it was told within the minute."""
        if request.session.context is None or not _is_page_load(request):
            return
        session_id, now = request.session.session_id, asyncio.get_running_loop().time()
        if now - self._told.get(session_id, float("-inf")) < TOLD_EVERY_S:
            return
        self._told[session_id] = now
        self._told.move_to_end(session_id)
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        task = asyncio.create_task(self._tell(request.api))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _tell(self, api: Api) -> None:
        try:
            await api.send("POST", f"/v1/sessions/{api.session.session_id}/touch", SessionStatus)
        except Fault:
            # The next page tries again: nobody is signed out because the registry was away for a moment.
            self._told.pop(api.session.session_id, None)

    async def close(self) -> None:
        """Let what is being told come to its end; each has its request's deadline."""
        await asyncio.gather(*self._telling, return_exceptions=True)


def _is_page_load(request: PortalRequest) -> bool:
    headers = request.headers
    return (
        headers.get("hx-request") is None
        and headers.get("sec-fetch-dest", "document") == "document"
        and "prefetch" not in headers.get("sec-purpose", "")
    )
