"""The portal's log: JSON lines on stdout, redacted.

The one thing a newcomer would get wrong: redaction works on names and on the look of values, so a secret in
an exception's message is caught too; that is the net, not a reason to log one.
"""

from __future__ import annotations

import logging
import re
import sys
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

REDACTED: Final = "[redacted]"
_SECRET_NAMES: Final = re.compile(
    r"authorization|cookie|token|secret|password|api_key$|csrf|otp|nonce|verifier", re.IGNORECASE
)
_SECRET_LOOKS: Final = re.compile(
    r"adk_(?:live|test)_[0-9A-Za-z]{22}_[0-9A-Za-z]+"
    r"|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]*"
    r"|(?i:bearer)\s+[A-Za-z0-9._~+/=-]{8,}"
)
# Apart, because it looks at every place of a long text that has no @ in it.
_ADDRESS: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_MARKS: Final = (b"adk_", b"eyj", b"bearer", b"@")
"""What every such text holds, in lower case."""
_encoder = msgspec.json.Encoder(enc_hook=str)


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values under secret names, and keys, tokens and addresses wherever they stand."""
    _redact_names(None, "", event)
    for name, value in event.items():
        if isinstance(value, str) and len(value) > 8:  # noqa: PLR2004 - nothing shorter is a secret's text
            hidden = _SECRET_LOOKS.sub(REDACTED, value)
            event[name] = _ADDRESS.sub(REDACTED, hidden) if "@" in hidden else hidden
    return event


def _redact_names(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in event:
        if _is_secret(name):
            event[name] = REDACTED
    return event


@cache
def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


def stamp(_: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say how grave it is and when it was, as the encoder writes times: `2026-11-26T03:04:05.678901Z`."""
    event["level"] = method
    event["timestamp"] = datetime.now(UTC)
    return event


def as_line(_: Any, __: str, event: MutableMapping[str, Any]) -> bytes:
    """An event as JSON, secret-looking texts and addresses replaced."""
    line = _encoder.encode(event)
    # Nearly no line holds any of these, and looking for them is far cheaper than the patterns.
    looked_at = line.lower()
    return _encoder.encode(redact(None, "", event)) if any(mark in looked_at for mark in _MARKS) else line


def set_up(level: str = "info") -> None:
    """Send every log of the process to stdout as JSON, the libraries' included."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[stamp, structlog.processors.format_exc_info, _redact_names, as_line],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, redact],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
