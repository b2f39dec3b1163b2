"""Clients as their partner sees them: `product.md` section 9.

The one thing a newcomer would get wrong: `business_email` is null both where there is none and where the
reader's role may not see it; `contact_hidden` says which.
"""

from __future__ import annotations

from typing import Final, Literal

from aidial_contract.shapes.common import Outgoing, Time

Lifecycle = Literal["provisioning", "active", "suspended", "archived"]
LIFECYCLES: Final = ("provisioning", "active", "suspended")
"""What a list can be narrowed to; an archived client is in nobody's reach."""


class Client(Outgoing):
    """One client of a partner organisation."""

    client_id: str
    business_name: str
    web_domain: str | None
    contact_name: str | None
    business_email: str | None
    contact_hidden: bool
    timezone: str
    lifecycle: Lifecycle
    environment: Literal["live", "test"]
    project_count: int
    created_at: Time


class ClientList(Outgoing):
    """`GET /v1/clients`, by business name."""

    clients: list[Client]
    next_cursor: str | None
