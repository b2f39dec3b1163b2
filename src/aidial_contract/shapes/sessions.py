"""Session registry and session context on the wire. `contract.md` section 8, `product.md` section 2.

The one thing a newcomer would get wrong: the API derives MFA from the ID token itself; the portal's word
for it is never asked.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, field

from aidial_contract.checking import TEXT_PATTERN
from aidial_contract.shapes.common import Incoming, Outgoing, Time, Uuid
from aidial_contract.shapes.status import IncidentState, Severity

SessionState = Literal["active", "expiring", "unknown"]
MfaState = Literal["required", "satisfied", "pending", "failed", "optional", "unavailable"]
Sealed = Annotated[str, Meta(min_length=1, max_length=64 * 1024, pattern=r"\A[A-Za-z0-9_.-]+\Z")]


class NewSession(Incoming):
    """`POST /v1/sessions`: `tokens` is the portal's sealed token set, opaque to the API.

    `nonce` is the one the portal sent to the issuer; without one the ID token must have none.
    """

    id_token: Annotated[str, Meta(min_length=1, max_length=16 * 1024)]
    device_label: Annotated[str, Meta(min_length=1, max_length=120, pattern=TEXT_PATTERN)]
    nonce: Annotated[str, Meta(max_length=256)] | None = None
    tokens: Sealed | None = None


class RegisteredSession(Outgoing):
    """201 of `POST /v1/sessions`."""

    session_id: Uuid
    state: SessionState
    idle_expires_at: Time
    absolute_expires_at: Time


class SessionStatus(Outgoing):
    """`GET .../state`, `POST .../touch`."""

    state: SessionState
    idle_expires_at: Time | None
    absolute_expires_at: Time | None
    degraded: bool = False


class SessionRow(Outgoing):
    """One of a person's own sessions."""

    session_id: Uuid
    device: str
    location: str | None
    created_at: Time
    last_active_at: Time
    current: bool


class SessionList(Outgoing):
    """`GET /v1/sessions`, the current one first."""

    sessions: list[SessionRow]


class CustomerSession(Outgoing):
    """A live session of a customer user. `person` is their address; `name` may be empty."""

    session_id: Uuid
    user_id: Uuid
    person: str
    name: str
    role: str
    device: str
    created_at: Time
    last_active_at: Time


class CustomerSessionList(Outgoing):
    """`GET /v1/clients/{client_id}/sessions`, the newest sign-in first."""

    sessions: list[CustomerSession]
    next_cursor: str | None


class Revoked(Outgoing):
    """How many sessions were signed out."""

    revoked: int


class EndSession(Incoming):
    """`POST /v1/sessions/{session_id}/sign-out`: who signed out, or whose tokens are renewed no more."""

    reason: Literal["signed_out", "refresh_refused"] = "signed_out"


class LogoutNotice(msgspec.Struct, kw_only=True):
    """`POST /v1/sessions/backchannel-logout`: the issuer's token; other members are ignored."""

    logout_token: Annotated[str, Meta(min_length=1, max_length=16 * 1024)]


class RefreshLease(Outgoing):
    """`POST /v1/sessions/{id}/refresh-lease`: `won` says who refreshes; losers read `tokens`.

    `taken_over` says that somebody had won the lease of this generation before and stored nothing in time.
    """

    won: bool
    token_generation: int
    lease_until: Time | None
    tokens: str | None
    taken_over: bool = False


class StoreTokens(Incoming):
    """`PUT /v1/sessions/{id}/tokens`: compare-and-set from `expected_generation`."""

    expected_generation: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    tokens: Sealed


class StoredTokens(Outgoing):
    """The generation now stored."""

    token_generation: int


class ContextUser(Outgoing):
    """Who is signed in."""

    user_id: Uuid
    email: str
    first_name: str | None
    last_name: str | None
    mobile: str | None
    timezone: str | None
    language: str | None


class ContextClient(Outgoing):
    """A client in reach."""

    client_id: str
    name: str
    timezone: str


class ContextProject(Outgoing):
    """A project in reach; an inactive one takes no calls, and its calls stay readable."""

    project_id: Uuid
    client_id: str
    display_name: str
    timezone: str
    is_active: bool = True


class MfaPolicy(Outgoing):
    """Whether a second factor is required, and what this session has shown."""

    required: bool
    satisfied: bool
    state: MfaState
    allowed_factors: list[str]


class SmsEnrolment(Incoming):
    """`POST /v1/second-factor/sms`: an Australian mobile, however people write it."""

    mobile: Annotated[str, Meta(min_length=1, max_length=40, pattern=TEXT_PATTERN)]


class SmsEnrolled(Outgoing):
    """Which phone it was: `+61 ... 678`, and nothing else of it."""

    phone_tail: str


class ContextKey(Outgoing):
    """Which key is asking."""

    api_key_id: str
    scope: str
    environment: str
    expires_at: Time | None


class ContextService(Outgoing):
    """Which service account is asking."""

    service_account_id: Uuid
    name: str
    scope: str


class ContextIncident(Outgoing):
    """An incident that is active and concerns the asker: what a banner says."""

    incident_id: Uuid
    severity: Severity
    state: IncidentState
    title: str
    version: int


class SessionContext(Outgoing):
    """`GET /v1/session-context`: who am I, what do I reach.

    `assigned` is false for a person with no active assignment: signed in to nothing. `incidents` are the
    gravest five that are active and concern the asker.
    """

    actor: Literal["user", "key", "service"]
    assigned: bool
    role: str | None
    user: ContextUser | None
    key: ContextKey | None
    client_id: str | None
    tenant_name: str | None
    tenant_status: str | None
    partner_org: str | None
    clients: list[ContextClient]
    projects: list[ContextProject]
    mfa: MfaPolicy
    service: ContextService | None = None
    incidents: list[ContextIncident] = field(default_factory=list)
