"""One request on its way through the guard: what is known of it so far. Handlers read it.

The one thing a newcomer would get wrong: `query` holds only the parameters the row names, each once; `value`
is the body already checked against the row's shape.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aidial_contract.envelopes import Envelope
from aidial_portal.kernel.api import Api

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import Receive, Scope

    from aidial_contract.access import Level
    from aidial_portal.kernel.nextauth.cookies import Cookie, Pairs
    from aidial_portal.kernel.portal import Portal
    from aidial_portal.kernel.route import Route
    from aidial_portal.kernel.session import Session


@dataclass(slots=True)
class PortalRequest:
    """The request and everything the guard found out.

    `path` is as sent (without query); `headers` are lower-case names with their first value (repeated
    Host, Cookie and the like are refused or joined before); `pairs` are the query's, None for too many or no
    UTF-8; `set_cookies` are sent whatever the answer is; `reason` goes to the log; `close` ends the
    connection after the answer.
    """

    portal: Portal
    scope: Scope
    receive: Receive
    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    request_id: str
    client_ip: str
    cookies: Pairs
    started: float = field(default_factory=time.perf_counter)
    deadline: float = 0.0
    route: Route | None = None
    envelope: Envelope = Envelope.TRANSPORT
    path_values: Mapping[str, str] = field(default_factory=dict)
    pairs: Sequence[tuple[str, str]] | None = ()
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    value: Any = None
    session_or_none: Session | None = None
    level: Level | None = None
    set_cookies: list[Cookie] = field(default_factory=list)
    reason: str = ""
    close: bool = False
    csp_nonce: str = ""
    is_configured: bool = True

    @property
    def session(self) -> Session:
        """Who is signed in; only public rows have nobody."""
        if self.session_or_none is None:
            raise RuntimeError("a public row has no session")
        return self.session_or_none

    @property
    def api(self) -> Api:
        """The API on behalf of this request's session, within this request's time."""
        return Api(self.portal, self.session, self.request_id, self.client_ip, self.until())

    def until(self) -> float:
        """When every call of this request must be over: counted from when it had arrived (loop time)."""
        if not self.deadline:
            self.deadline = asyncio.get_running_loop().time() + self.portal.upstream.timeout_s
        return self.deadline

    def nonce(self) -> str:
        """The nonce of this answer's `script-src`: made when a page asks for it."""
        if not self.csp_nonce:
            self.csp_nonce = secrets.token_urlsafe(16)
        return self.csp_nonce
