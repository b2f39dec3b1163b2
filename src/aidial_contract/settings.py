"""Configuration from environment variables, for both apps: read everything, then complain once.

Every name may also come as `<NAME>_FILE`, a path whose content is the value (how secrets are mounted). The
one thing a newcomer would get wrong: a problem names the variable and the reason, never the value, because
the value may be a secret.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

EXIT_CODE: Final = 78
"""What a process exits with when its configuration is missing or bad (EX_CONFIG)."""

MAX_FILE_BYTES: Final = 64 * 1024
MOST_PORT: Final = 65_535
STORE_SCHEMES: Final = ("valkey", "valkeys", "redis", "rediss", "unix")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Setting:
    """One variable. `read` turns its text into a value or raises ValueError with a reason safe to print.

    `default` is the value when the variable is absent or empty; `required` settings have none.
    """

    name: str
    read: Callable[[str], Any]
    required: bool = False
    default: Any = None


class ConfigurationError(Exception):
    """Some settings are missing or bad: `problems` maps each name to a reason without the value."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in self.problems.items()))


def load(settings: Iterable[Setting], environ: Mapping[str, str]) -> dict[str, Any]:
    """Every setting's value by name, or `ConfigurationError` with every problem at once."""
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for setting in settings:
        try:
            raw = _raw(setting.name, environ)
            if raw is None:
                if setting.required:
                    problems[setting.name] = "missing"
                values[setting.name] = setting.default
            else:
                values[setting.name] = setting.read(raw)
        except ValueError as error:
            problems[setting.name] = str(error)
    if problems:
        raise ConfigurationError(problems)
    return values


def _raw(name: str, environ: Mapping[str, str]) -> str | None:
    direct = environ.get(name) or None
    path = environ.get(f"{name}_FILE") or None
    if path is None:
        return direct
    if direct is not None:
        raise ValueError(f"set together with {name}_FILE: keep one")
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        text = content.decode("utf-8").rstrip("\r\n")
    except OSError:
        raise ValueError(f"the file named by {name}_FILE cannot be read") from None
    except UnicodeDecodeError:
        raise ValueError(f"the file named by {name}_FILE is not UTF-8") from None
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"the file named by {name}_FILE is too large")
    return text or None


def text(raw: str) -> str:
    """Any text without surrounding space or control characters."""
    value = raw.strip()
    if not value or not value.isprintable():
        raise ValueError("must be printable text")
    return value


def one_of(*choices: str) -> Callable[[str], str]:
    """One of these words, in whatever case."""
    told = f"must be {', '.join(choices[:-1])} or {choices[-1]}"

    def read(raw: str) -> str:
        value = raw.strip().lower()
        if value not in choices:
            raise ValueError(told)
        return value

    return read


def secret(least_bytes: int) -> Callable[[str], str]:
    """Text of at least `least_bytes` bytes, kept exactly as given."""

    def read(raw: str) -> str:
        if len(raw.encode("utf-8")) < least_bytes:
            raise ValueError(f"must be at least {least_bytes} bytes")
        return raw

    return read


def http_url(raw: str) -> str:
    """An http or https URL without user, query, fragment or trailing slash."""
    value = raw.strip()
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise ValueError("must be an http or https URL") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or not value.isprintable():
        raise ValueError("must be an http or https URL")
    if "@" in parts.netloc or "?" in value or "#" in value:
        raise ValueError("must be a URL without user, query or fragment")
    # A browser writes the scheme in lower case, and what is compared with it is.
    return parts.scheme + value[len(parts.scheme) :].rstrip("/")


def store_url(raw: str) -> str:
    """Where a Valkey or Redis is: `valkey://host:6379/0`; `valkeys` or `rediss` with TLS; a unix socket."""
    value = raw.strip()
    try:
        parts = urlsplit(value)
        place = parts.path if parts.scheme == "unix" else parts.hostname and parts.port != 0
        fits = parts.scheme in STORE_SCHEMES and place and value.isprintable()
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"must be a URL of {', '.join(STORE_SCHEMES)}")
    return value


def port(raw: str) -> int:
    """A TCP port, 1 to 65535."""
    number = positive_int(raw)
    if number > MOST_PORT:
        raise ValueError("must be a port")
    return number


def positive_int(raw: str) -> int:
    """A whole number above 0."""
    if not raw.strip().isascii() or not raw.strip().isdigit() or int(raw) < 1:
        raise ValueError("must be a positive whole number")
    return int(raw)


def positive_number(raw: str) -> float:
    """A finite number above 0."""
    try:
        value = float(raw)
    except ValueError:
        raise ValueError("must be a positive number") from None
    if not 0 < value < float("inf"):
        raise ValueError("must be a positive number")
    return value


def boolean(raw: str) -> bool:
    """`true`, `false`, `1`, `0`, `yes` or `no`."""
    value = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
        raw.strip().lower()
    )
    if value is None:
        raise ValueError("must be true or false")
    return value


def words(raw: str) -> tuple[str, ...]:
    """A list by commas; empty entries are dropped."""
    return tuple(word.strip() for word in raw.split(",") if word.strip())


ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")
"""What a header may name as an origin."""


def origins(raw: str) -> tuple[str, ...]:
    """Http or https origins by commas, such as `https://login.example.com`."""
    found = tuple(http_url(word) for word in words(raw))
    if not all(ORIGIN.fullmatch(origin) for origin in found):
        raise ValueError("must be origins (no path) separated by commas")
    return found


def networks(raw: str) -> tuple[Network, ...]:
    """CIDRs by commas, v4 or v6; a bare address is a network of one."""
    try:
        return tuple(ipaddress.ip_network(word, strict=False) for word in words(raw))
    except ValueError:
        raise ValueError("must be CIDRs separated by commas") from None


LOOPBACK: Final[tuple[Network, ...]] = networks("127.0.0.0/8,::1/128")
"""The default of `AIDIAL_TRUSTED_PROXIES`."""
