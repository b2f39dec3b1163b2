"""What the provider is told: who may sign in, which applications may ask, how long things live.

The one thing a newcomer would get wrong: passwords and client secrets stand in this file as they are (the
demo prints them anyway), so a file that anybody but its owner can read is refused.
"""

import os
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from aidial_identity.files import is_private, write_private

CONFIG_VARIABLE = "AIDIAL_IDENTITY_CONFIG"


class ConfigError(Exception):
    """The configuration cannot be used. The text names the field, never a value that could be a secret."""


class Private(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record whose representation must not reach a log."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


class Lifetimes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long things live, in seconds. The defaults are Zitadel's; tests set seconds."""

    access_token_s: int = 43_200
    id_token_s: int = 43_200
    code_s: int = 60
    sign_in_s: int = 600
    session_s: int = 43_200
    refresh_idle_s: int = 2_592_000
    refresh_absolute_s: int = 7_776_000


class Throttle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many failed sign-ins are answered in one window before further ones are turned away."""

    failures_per_account: int = 10
    failures_per_address: int = 100
    window_s: int = 300


class Account(Private, frozen=True, kw_only=True):
    """A person. `otp_secret` (base32) is the second factor; without one the password is enough."""

    subject: str
    email: str
    password: str
    given_name: str
    family_name: str
    otp_secret: str | None = None
    email_verified: bool = True

    @property
    def name(self) -> str:
        """The full name as shown to people."""
        return f"{self.given_name} {self.family_name}".strip()


class Client(Private, frozen=True, kw_only=True):
    """An application that sends people here. URIs are compared character by character.

    `project_id` (None: the provider's own) decides whose tokens it may introspect.
    """

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    backchannel_logout_uri: str | None = None
    refresh_tokens: bool = True
    id_token_userinfo: bool = True
    project_id: str | None = None


class ServiceAccount(Private, frozen=True, kw_only=True):
    """A machine. `client_secret` allows client credentials, `public_keys` (RSA JWKs) the JWT profile."""

    subject: str
    name: str
    client_id: str
    client_secret: str | None = None
    public_keys: tuple[dict[str, Any], ...] = ()


class IdentityConfig(Private, frozen=True, kw_only=True):
    """Everything the provider needs. `issuer` is `http://<loopback host>:<port>`, without a trailing slash.

    `key_file` and `state_file` are made on first use (0600); keep both to keep people signed in.
    """

    issuer: str
    key_file: str
    state_file: str
    project_id: str
    api_audience: str
    clients: tuple[Client, ...] = ()
    accounts: tuple[Account, ...] = ()
    service_accounts: tuple[ServiceAccount, ...] = ()
    lifetimes: Lifetimes = Lifetimes()
    throttle: Throttle = Throttle()
    management_token: str | None = None

    def __post_init__(self) -> None:
        """Refuse what could never work: ValueError, which msgspec reports with the place in the file."""
        parts = urlsplit(self.issuer)
        if (
            parts.scheme != "http"
            or self.issuer != f"http://{parts.netloc}"
            or not is_loopback(parts.hostname)
        ):
            raise ValueError(
                "issuer must be http://<loopback host>[:port], without a path or a trailing slash"
            )
        machines = [account.client_id for account in self.service_accounts]
        require_unique("client_id", [*(client.client_id for client in self.clients), *machines])
        require_unique("email", [account.email.casefold() for account in self.accounts])
        machines = [account.subject for account in self.service_accounts]
        require_unique("subject", [*(account.subject for account in self.accounts), *machines])


def is_loopback(host: str | None) -> bool:
    """Whether `host` is `localhost` or a loopback address; other names are not resolved but refused."""
    if host is None or host == "localhost":
        return host is not None
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def require_unique(field: str, values: Iterable[str]) -> None:
    """ValueError when a value is empty or there twice."""
    seen: set[str] = set()
    for value in values:
        if not value or value in seen:
            raise ValueError(f"every {field} must be given and different from the others")
        seen.add(value)


def load_config(path: str | None = None, environ: Mapping[str, str] = os.environ) -> IdentityConfig:
    """Read the JSON file named by `path`, else by AIDIAL_IDENTITY_CONFIG. ConfigError says what is wrong."""
    named = path or environ.get(CONFIG_VARIABLE)
    if not named:
        raise ConfigError(f"name the configuration file with --config or {CONFIG_VARIABLE}")
    file = Path(named)
    try:
        if not is_private(file):
            raise ConfigError(
                "the configuration file holds secrets: make it readable by its owner only (0600)"
            )
        return msgspec.json.decode(file.read_bytes(), type=IdentityConfig)
    except OSError as error:
        raise ConfigError(f"the configuration file cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise ConfigError(f"the configuration file is not valid: {error}") from error


def save_config(config: IdentityConfig, path: Path) -> None:
    """Write `config` as JSON, mode 0600."""
    write_private(path, msgspec.json.format(msgspec.json.encode(config), indent=2))
