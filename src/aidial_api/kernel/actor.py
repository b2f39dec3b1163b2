"""Who is asking: a person, a key or a service account, what they may do and what they reach.

The one thing a newcomer would get wrong: role, tenant and reach come from the database, never from a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from aidial_contract.access import KeyScope, Level, Permission, Role, key_holds, level_of
from aidial_contract.networks import holds
from aidial_contract.scope import Reach
from aidial_contract.settings import Network


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """The registry's row of a portal session, as the guard needs it."""

    session_id: str
    user_id: str
    subject: str
    state: str
    mfa_satisfied: bool
    idle_expires_at: datetime
    absolute_expires_at: datetime
    revoked_reason: str | None
    token_generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user as registered here; a stranger has a subject and nothing else.

    `mfa_required` joins role, tenant and user policy; `role` is None without an active assignment.
    """

    subject: str
    user_id: str = ""
    email: str = ""
    first_name: str | None = None
    last_name: str | None = None
    timezone: str | None = None
    language: str | None = None
    role: Role | None = None
    client_id: str | None = None
    partner_org_id: str | None = None
    tenant_name: str | None = None
    tenant_status: str | None = None
    mfa_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolder:
    """What acts for a tenant instead of for a person: a valid API key, or a registered service account.

    A service account has the id of its own registration, and none of what makes a key a key.
    """

    api_key_id: str
    client_id: str
    client_lifecycle: str
    scope: KeyScope
    environment: str = ""
    expires_at: datetime | None = None
    last_four: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """The asker. Exactly one of `person` and `key` is there: a service account acts like a key.

    `allowlists` are those that are enabled, of the own tenant and of every client reached.
    """

    kind: Literal["user", "key", "service"]
    actor_id: str
    label: str
    reach: Reach
    person: Person | None = None
    key: KeyHolder | None = None
    allowlists: Mapping[str, tuple[Network, ...]] = field(default_factory=dict, compare=False)

    @property
    def own_client_id(self) -> str | None:
        """The tenant the asker belongs to; partner and internal people belong to none."""
        if self.key is not None:
            return self.key.client_id
        return self.person.client_id if self.person else None

    def may_come_from(self, client_ip: str, client_id: str) -> bool:
        """Whether a client takes requests from an address; one without an allowlist takes all."""
        networks = self.allowlists.get(client_id)
        return networks is None or holds(networks, client_ip)

    @property
    def role(self) -> Role | None:
        """The person's role; None for what acts like a key and for a person without assignment."""
        return self.person.role if self.person else None

    def level(self, permission: Permission) -> Level | None:
        """How much of a permission this actor holds; None is the role table's `-`."""
        if self.key is not None:
            return Level.MASKED if key_holds(self.key.scope, permission) else None
        return level_of(self.role, permission) if self.role else None
