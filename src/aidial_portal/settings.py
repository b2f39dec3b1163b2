"""What the portal is configured with: seven required values, and options with safe defaults.

The one thing a newcomer would get wrong: a missing value never gets a fallback; the process says which names
are wrong and stops (exit code 78).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import urlsplit

from aidial_contract.limits import SCALE, Numbers, load_with_numbers
from aidial_contract.settings import (
    EXIT_CODE,
    LOOPBACK,
    ConfigurationError,
    Network,
    Setting,
    http_url,
    networks,
    one_of,
    origins,
    port,
    positive_int,
    positive_number,
    secret,
    store_url,
    text,
    words,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

LEAST_SECRET_BYTES: Final = 32
DEFAULT_SCOPE: Final = "openid profile email offline_access"

AUTH_PATH: Final = "/api/auth"


def portal_url(raw: str) -> str:
    """The portal's public origin. NextAuth lets its own path stand behind it, which is where we serve it."""
    value = http_url(raw).removesuffix(AUTH_PATH)
    if urlsplit(value).path:
        raise ValueError(f"must have no path, or {AUTH_PATH}")
    return value


SETTINGS: Final = (
    Setting("NEXTAUTH_SECRET", secret(LEAST_SECRET_BYTES), required=True),
    Setting("NEXTAUTH_URL", portal_url, required=True),
    Setting("AIDIAL_API_BASE_URL", http_url, required=True),
    Setting("AIDIAL_API_TIMEOUT_MS", positive_number, required=True),
    Setting("ZITADEL_ISSUER", http_url, required=True),
    Setting("ZITADEL_CLIENT_ID", text, required=True),
    Setting("ZITADEL_CLIENT_SECRET", secret(1), required=True),
    Setting("ZITADEL_SCOPE", text, default=DEFAULT_SCOPE),
    Setting("AIDIAL_SIGN_IN_ORIGINS", origins, default=()),
    Setting("AIDIAL_MFA_SETUP_URL", http_url),
    Setting("AIDIAL_HOSTS", words, default=()),
    Setting("AIDIAL_TRUSTED_PROXIES", networks, default=LOOPBACK),
    Setting(SCALE, positive_number, default=1.0),
    Setting("AIDIAL_LIMITS_URL", store_url),
    Setting("AIDIAL_METRICS_PORT", port),
    Setting("AIDIAL_METRICS_ADDR", text, default="127.0.0.1"),
    Setting("AIDIAL_STREAM_IDLE_MS", positive_number, default=15_000.0),
    Setting("AIDIAL_UPSTREAM_CONNECTIONS", positive_int, default=256),
    Setting("AIDIAL_CONCURRENCY", positive_int, default=64),
    Setting("AIDIAL_QUEUE", positive_int, default=256),
    Setting("AIDIAL_STOP_TIMEOUT_MS", positive_number, default=9_000.0),
    Setting("AIDIAL_LOG_LEVEL", one_of("debug", "info", "warning", "error"), default="info"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSettings:
    """The portal's configuration. URLs end without a slash; `api_timeout_ms` is a JSON row's whole budget.

    `hosts` are the values of `Host` the portal answers to, lower case, with a port unless it is the default.
    """

    nextauth_secret: str = field(repr=False)
    nextauth_url: str
    api_base_url: str
    api_timeout_ms: float
    zitadel_issuer: str
    zitadel_client_id: str
    zitadel_client_secret: str = field(repr=False)
    zitadel_scope: str = DEFAULT_SCOPE
    sign_in_origins: tuple[str, ...] = ()
    mfa_setup_url: str | None = None
    hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[Network, ...] = LOOPBACK
    numbers: Numbers = field(default_factory=Numbers)
    limits_url: str | None = field(default=None, repr=False)
    metrics_port: int | None = None
    metrics_addr: str = "127.0.0.1"
    stream_idle_ms: float = 15_000.0
    upstream_connections: int = 256
    concurrency: int = 64
    queue: int = 256
    stop_timeout_ms: float = 9_000.0
    log_level: str = "info"

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the portal over https: secure cookie names, HSTS."""
        return self.nextauth_url.startswith("https://")

    @property
    def accepted_hosts(self) -> frozenset[str]:
        """`AIDIAL_HOSTS`, or the host of `NEXTAUTH_URL` alone."""
        return frozenset(host.lower() for host in self.hosts) or frozenset({own_host(self.nextauth_url)})


def own_host(url: str) -> str:
    """The `Host` a browser sends for a URL: lower case, with a port unless it is the scheme's default."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    return host if parts.port in {None, default} else f"{host}:{parts.port}"


def read_settings(environ: Mapping[str, str]) -> PortalSettings:
    """The settings, or `ConfigurationError` naming every missing or bad one."""
    values, numbers = load_with_numbers(SETTINGS, environ)
    return PortalSettings(
        nextauth_secret=values["NEXTAUTH_SECRET"],
        nextauth_url=values["NEXTAUTH_URL"],
        api_base_url=values["AIDIAL_API_BASE_URL"],
        api_timeout_ms=values["AIDIAL_API_TIMEOUT_MS"],
        zitadel_issuer=values["ZITADEL_ISSUER"],
        zitadel_client_id=values["ZITADEL_CLIENT_ID"],
        zitadel_client_secret=values["ZITADEL_CLIENT_SECRET"],
        zitadel_scope=values["ZITADEL_SCOPE"],
        sign_in_origins=values["AIDIAL_SIGN_IN_ORIGINS"],
        mfa_setup_url=values["AIDIAL_MFA_SETUP_URL"],
        hosts=values["AIDIAL_HOSTS"],
        trusted_proxies=values["AIDIAL_TRUSTED_PROXIES"],
        numbers=numbers,
        limits_url=values["AIDIAL_LIMITS_URL"],
        metrics_port=values["AIDIAL_METRICS_PORT"],
        metrics_addr=values["AIDIAL_METRICS_ADDR"],
        stream_idle_ms=values["AIDIAL_STREAM_IDLE_MS"],
        upstream_connections=values["AIDIAL_UPSTREAM_CONNECTIONS"],
        concurrency=values["AIDIAL_CONCURRENCY"],
        queue=values["AIDIAL_QUEUE"],
        stop_timeout_ms=values["AIDIAL_STOP_TIMEOUT_MS"],
        log_level=values["AIDIAL_LOG_LEVEL"],
    )


def settings_or_exit(environ: Mapping[str, str]) -> PortalSettings:
    """The settings; otherwise every problem on stderr and exit code 78."""
    try:
        return read_settings(environ)
    except ConfigurationError as error:
        complain("portal", error)


def complain(service: str, error: ConfigurationError) -> NoReturn:
    """Name every problem on stderr, never a value, and stop with exit code 78."""
    lines = [f"{service}: the configuration is not complete"]
    lines += [f"  {name}: {reason}" for name, reason in error.problems.items()]
    sys.stderr.write("\n".join(lines) + "\n")
    raise SystemExit(EXIT_CODE)
