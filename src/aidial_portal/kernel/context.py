"""Who a session is, asked of the API: `GET /v1/session-context`, shared for a moment.

The answer is reused for 0.8 s counted from when it was ASKED for, so that a revocation acts everywhere
within a second; concurrent requests of one session share one question. The one thing a newcomer would get
wrong: a failure is shared with those who wait for it, and never remembered.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from aidial_contract import errors
from aidial_contract.fault import Fault
from aidial_contract.shapes.sessions import SessionContext
from aidial_portal.kernel.api import Api

if TYPE_CHECKING:
    from aidial_portal.kernel.portal import Portal

REUSED_S: Final = 0.8
REMEMBERED: Final = 10_000


class Contexts:
    """The session contexts of the last moment, by session."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, SessionContext]] = OrderedDict()
        self._flights: dict[str, asyncio.Task[SessionContext]] = {}

    def forget(self, session_id: str) -> None:
        """Ask anew next time: after sign-out, step-up, or a change of one's own."""
        self._known.pop(session_id, None)
        self._flights.pop(session_id, None)

    async def of(self, api: Api) -> SessionContext:
        """The context of the session behind `api`, and its newest tokens. Errors: as the API's, or 503."""
        session_id = api.session.session_id
        now = asyncio.get_running_loop().time()
        known = self._known.get(session_id)
        if known is not None and now - known[0] < REUSED_S:
            return known[1]
        task = self._flights.get(session_id)
        if task is None:
            task = asyncio.create_task(self._ask(api.portal, api, now))
            self._flights[session_id] = task
            task.add_done_callback(lambda done: self._landed(session_id, done))
        try:
            async with asyncio.timeout_at(api.deadline):
                context = await asyncio.shield(task)
        except TimeoutError:
            raise Fault(errors.DEPENDENCY_TIMEOUT, reason="waiting for the session context") from None
        api.session.tokens = api.portal.keeper.newest(session_id, api.session.tokens)
        return context

    async def _ask(self, portal: Portal, api: Api, asked_at: float) -> SessionContext:
        own = Api(portal, api.session, api.request_id, api.client_ip, api.deadline)
        context = await own.get("/v1/session-context", SessionContext)
        if self._flights.get(api.session.session_id) is asyncio.current_task():
            self._remember(api.session.session_id, asked_at, context)
        return context

    def _remember(self, session_id: str, asked_at: float, context: SessionContext) -> None:
        self._known[session_id] = (asked_at, context)
        self._known.move_to_end(session_id)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)

    def _landed(self, session_id: str, task: asyncio.Task[SessionContext]) -> None:
        if self._flights.get(session_id) is task:
            del self._flights[session_id]
        if not task.cancelled():
            task.exception()  # those who stopped waiting must not leave it unread
