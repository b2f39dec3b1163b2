"""How mail leaves, from the environment.

The one thing a newcomer would get wrong: with `AIDIAL_MAIL=smtp` its server and sender have no default; what
is missing is named at once, with everything else that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from email.utils import parseaddr
from typing import Any, Final

from aidial_api.kernel.outgoing.circuit import Circuit
from aidial_api.kernel.outgoing.port import Courier, EmbeddedOutbox
from aidial_api.kernel.outgoing.smtp import LONGEST_TIMEOUT_MS, USUAL_PORTS, SmtpCourier, SmtpSettings
from aidial_contract.addresses import is_address
from aidial_contract.settings import (
    ConfigurationError,
    Setting,
    load,
    one_of,
    port,
    positive_number,
    secret,
    text,
)


def _sender(raw: str) -> tuple[str, str]:
    """`AiDial <no-reply@aidial.example>`, or the address alone: name and address."""
    value = text(raw)
    name, address = parseaddr(value)
    if not is_address(address) or not address.isascii() or set(name) & set('"\\<>') or "=?" in name:
        raise ValueError("must be an address, or a name and an address in angle brackets")
    return name, address


def _timeout_ms(raw: str) -> float:
    """So short that an exchange ends while its message is still this worker's."""
    value = positive_number(raw)
    if value > LONGEST_TIMEOUT_MS:
        raise ValueError(f"must be at most {LONGEST_TIMEOUT_MS}")
    return value


CHOICE: Final = Setting("AIDIAL_MAIL", one_of("outbox", "smtp"), default="outbox")
NEEDED: Final = (Setting("AIDIAL_SMTP_HOST", text), Setting("AIDIAL_MAIL_FROM", _sender))
"""Required with `AIDIAL_MAIL=smtp`."""
_USERNAME: Final = Setting("AIDIAL_SMTP_USERNAME", text)
PASSWORD: Final = Setting("AIDIAL_SMTP_PASSWORD", secret(1))
_SECURITY: Final = Setting("AIDIAL_SMTP_SECURITY", one_of("starttls", "tls", "none"), default="starttls")
SETTINGS: Final = (
    CHOICE,
    *NEEDED,
    Setting("AIDIAL_SMTP_PORT", port),
    _SECURITY,
    _USERNAME,
    PASSWORD,
    Setting("AIDIAL_SMTP_TIMEOUT_MS", _timeout_ms, default=10_000.0),
)


def needed(environ: Mapping[str, str]) -> tuple[Setting, ...]:
    """What this environment makes required."""
    with suppress(ConfigurationError):
        if load((CHOICE,), environ)[CHOICE.name] == "smtp":
            return _needed_by_smtp(environ)
    return ()


def _needed_by_smtp(environ: Mapping[str, str]) -> tuple[Setting, ...]:
    signs_in = environ.get(_USERNAME.name) or environ.get(f"{_USERNAME.name}_FILE")
    return (*NEEDED, PASSWORD) if signs_in else NEEDED


def smtp_settings(values: Mapping[str, Any]) -> SmtpSettings | None:
    """The server, of values that hold `SETTINGS`; None: mail stays in the embedded outbox."""
    if values[CHOICE.name] != "smtp":
        return None
    security, username = values[_SECURITY.name], values[_USERNAME.name]
    if security == "none" and username is not None:
        raise ConfigurationError({_USERNAME.name: "a password is only sent over starttls or tls"})
    name, address = values["AIDIAL_MAIL_FROM"]
    return SmtpSettings(
        host=values["AIDIAL_SMTP_HOST"],
        port=values["AIDIAL_SMTP_PORT"] or USUAL_PORTS[security],
        security=security,
        sender=address,
        sender_name=name,
        username=username,
        password=values[PASSWORD.name],
        timeout_s=values["AIDIAL_SMTP_TIMEOUT_MS"] / 1_000,
    )


def mail_courier(settings: SmtpSettings | None) -> Courier:
    """Who takes e-mail."""
    return EmbeddedOutbox() if settings is None else Circuit(SmtpCourier(settings))
