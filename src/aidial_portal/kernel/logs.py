"""The portal's log: JSON lines on stdout, redacted.

The one thing a newcomer would get wrong: redaction works on names and on the look of values, so a secret in
an exception's message is caught too; that is the net, not a reason to log one.
"""

from __future__ import annotations

import logging
import re
import sys
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
_encoder = msgspec.json.Encoder(enc_hook=str)


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values under secret names, and keys, tokens and addresses wherever they stand."""
    for name, value in event.items():
        if _is_secret(name):
            event[name] = REDACTED
        elif isinstance(value, str) and len(value) > 8:  # noqa: PLR2004 - nothing shorter is a secret's text
            hidden = _SECRET_LOOKS.sub(REDACTED, value)
            event[name] = _ADDRESS.sub(REDACTED, hidden) if "@" in hidden else hidden
    return event


@cache
def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name) is not None


def _as_json(value: Any, **_: Any) -> bytes:
    return _encoder.encode(value)


def set_up(level: str = "info") -> None:
    """Send every log of the process to stdout as JSON, the libraries' included."""
    shared: list[Any] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_as_json)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
