"""Structured logs: one JSON line an event, secrets taken out whatever happens.

The one thing a newcomer would get wrong: redaction is the last wall, not a licence; never hand a secret to
a logger because this catches it.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import structlog

_SECRET_NAME = re.compile(
    r"authorization|cookie|secret|password|token|api_key$|x-api-key|csrf|_enc$|otp|number$",
    re.IGNORECASE,
)
_SAFE_NAME = frozenset({"token_generation", "api_key_id", "context"})
_SECRET_VALUE = re.compile(
    r"adk_(?:live|test)_[0-9A-Za-z_]{10,}|eyJ[\w-]{8,}\.[\w-]+\.[\w-]*|whsec_\S+|postgres(?:ql)?://\S+",
)
_MARKS = (b"adk_", b"eyJ", b"whsec_", b"postgres")
"""What every secret-looking text holds."""
HIDDEN = "[hidden]"
_encoder = msgspec.json.Encoder(enc_hook=str)


@cache
def _is_secret(name: str) -> bool:
    return name != "event" and name not in _SAFE_NAME and _SECRET_NAME.search(name) is not None


def hide_named(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace values of secret-sounding names."""
    for name in event:
        if _is_secret(name):
            event[name] = HIDDEN
    return event


def stamp(_logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say how grave it is and when it was, as the encoder writes times: `2026-11-26T03:04:05.678901Z`."""
    event["level"] = method
    event["timestamp"] = datetime.now(UTC)
    return event


def as_line(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> bytes:
    """An event as JSON, secret-looking texts replaced."""
    line = _encoder.encode(event)
    # Nearly no line holds any of these, and looking for them is far cheaper than the pattern.
    if any(mark in line for mark in _MARKS):
        for name, value in event.items():
            if isinstance(value, str):
                event[name] = _SECRET_VALUE.sub(HIDDEN, value)
        line = _encoder.encode(event)
    return line


def set_up(level: str = "info") -> None:
    """JSON lines on stderr; the standard library's loggers go the same way."""
    structlog.configure(
        processors=[
            stamp,
            structlog.processors.format_exc_info,
            hide_named,
            as_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.BytesLoggerFactory(file=sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
