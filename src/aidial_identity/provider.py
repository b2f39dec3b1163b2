"""The provider as one object: configuration, keys, lasting state, and what lives in memory only.

The one thing a newcomer would get wrong: authorization codes and half-done sign-ins are in memory on purpose;
they live a minute or ten, and a restart only makes the person start that one sign-in again.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aidial_identity.config import Account, Client, IdentityConfig, ServiceAccount
from aidial_identity.keys import KeyRing
from aidial_identity.state import State
from aidial_identity.throttle import Gate

Clock = Callable[[], float]
PENDING_KEPT = 10_000


@dataclass(frozen=True)
class AuthRequest:
    """A checked authorization request. `max_age_s` is the age of authentication the client still accepts."""

    client_id: str
    redirect_uri: str
    scope: tuple[str, ...]
    code_challenge: str
    state: str | None = None
    nonce: str | None = None
    prompt: frozenset[str] = frozenset()
    max_age_s: int | None = None
    login_hint: str | None = None


@dataclass
class SignIn:
    """A sign-in under way in one browser. `password_of` is the subject whose password was right."""

    request: AuthRequest
    browser: str
    csrf: str
    expires_at: float
    password_of: str | None = None


@dataclass
class Code:
    """An authorization code, kept after its use so that a replay can end what it gave."""

    request: AuthRequest
    subject: str
    sid: str
    auth_time: int
    amr: tuple[str, ...]
    expires_at: float
    grant_id: str
    used: bool = False


@dataclass
class Phone:
    """A person's phone. `code` is what was "sent" to it; `takes_codes`: it is a second factor."""

    number: str
    code: str
    is_verified: bool = False
    takes_codes: bool = False


@dataclass
class Provider:
    """Shared by every handler through `app.state.provider`."""

    config: IdentityConfig
    clock: Clock
    keys: KeyRing
    state: State
    gate: Gate
    clients: dict[str, Client]
    services: dict[str, ServiceAccount]
    by_subject: dict[str, Account]
    by_email: dict[str, Account]
    sign_ins: dict[str, SignIn] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    phones: dict[str, Phone] = field(default_factory=dict)

    def now(self) -> int:
        """Whole seconds since 1970."""
        return int(self.clock())

    def keep_sign_in(self, sign_in: SignIn) -> str:
        """Remember a sign-in under way; answers its id."""
        drop_expired(self.sign_ins, self.clock())
        request_id = secrets.token_urlsafe(24)
        self.sign_ins[request_id] = sign_in
        return request_id

    def keep_code(self, code: Code) -> str:
        """Remember a code; answers the code as the client gets it."""
        drop_expired(self.codes, self.clock() - self.config.lifetimes.sign_in_s)
        value = secrets.token_urlsafe(32)
        self.codes[value] = code
        return value

    def replace_client(self, client: Client) -> None:
        """Register a client anew while running: tests learn their redirect URIs late."""
        self.clients[client.client_id] = client

    def project_of(self, client: Client) -> str:
        """The project whose tokens a client may see."""
        return client.project_id or self.config.project_id

    def service_of(self, subject: str) -> ServiceAccount | None:
        """The machine with that subject."""
        return next((one for one in self.services.values() if one.subject == subject), None)


def drop_expired(kept: dict[str, SignIn] | dict[str, Code], before: float) -> None:
    """Forget what ended before a moment, and the oldest when there are too many."""
    for key in [key for key, one in kept.items() if one.expires_at < before]:
        del kept[key]
    while len(kept) >= PENDING_KEPT:
        del kept[next(iter(kept))]


def open_provider(config: IdentityConfig, clock: Clock) -> Provider:
    """Load keys and state and index the configuration. OSError when a file cannot be used."""
    return Provider(
        config=config,
        clock=clock,
        keys=KeyRing(Path(config.key_file)),
        state=State(Path(config.state_file), int(clock())),
        gate=Gate(config.throttle),
        clients={client.client_id: client for client in config.clients},
        services={account.client_id: account for account in config.service_accounts},
        by_subject={account.subject: account for account in config.accounts},
        by_email={account.email.casefold(): account for account in config.accounts},
    )
