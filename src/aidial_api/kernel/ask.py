"""One request on its way through the guard: what is known of it so far.

The one thing a newcomer would get wrong: `reach` is already narrowed to what this request may touch, and
empty when it was denied; use it, never the actor's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aidial_contract.access import Level, Permission
from aidial_contract.fault import Fault
from aidial_contract.scope import NOTHING, Reach

if TYPE_CHECKING:
    from starlette.types import Receive, Scope

    from aidial_api.kernel.actor import Actor, SessionRecord
    from aidial_api.kernel.db import Tx
    from aidial_api.kernel.route import Route
    from aidial_api.kernel.services import Services
    from aidial_limits import Standing


@dataclass(slots=True)
class Ask:
    """The request and everything the guard found out; handlers read it.

    `path_text` is the path as sent. `deadline` is when it must be answered, in the loop's time;
    `told_budget_ms` the caller's word about it. `standings` are the rate windows it was counted in, for its
    answer's headers. `on_commit` is run once the transaction is written: to drop what this process
    remembers. `broken_off` says why an answer that had begun never ended.
    """

    services: Services
    scope: Scope
    receive: Receive
    method: str
    path_text: str
    headers: Mapping[str, str]
    request_id: str
    client_ip: str
    deadline: float = float("inf")
    told_budget_ms: float | None = None
    uri_bytes: int = 0
    header_fault: Fault | None = None
    query_fault: Fault | None = None
    route: Route | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    raw_query: list[tuple[str, str]] = field(default_factory=list)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    raw_body: bytes = b""
    actor_or_none: Actor | None = None
    session: SessionRecord | None = None
    held: Permission | None = None
    level: Level | None = None
    reach: Reach = NOTHING
    denied: str = ""
    tx_or_none: Tx | None = None
    found: Any = None
    if_match: tuple[str, ...] = ()
    idempotency_key: str | None = None
    standings: tuple[Standing, ...] = ()
    broken_off: str = ""
    on_commit: list[Callable[[], None]] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        """Who asks; only public rows have nobody."""
        if self.actor_or_none is None:
            raise RuntimeError("a public row has no actor")
        return self.actor_or_none

    @property
    def tx(self) -> Tx:
        """The request's one transaction."""
        if self.tx_or_none is None:
            raise RuntimeError("a public row has no transaction")
        return self.tx_or_none
