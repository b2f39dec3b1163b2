"""Redaction of personal data before storage.

A newcomer's likely mistake: storing raw text when `redact_turns` raises; then store neither.
"""

from .births import has_full_date
from .codes import is_short_number, speaks_of_a_card
from .engine import (
    DEFAULT_CAP_SECONDS,
    hidden,
    raw_for_vault,
    redact,
    redact_beside,
    redact_parts,
    redact_together,
    redact_turns,
)
from .marks import Kind, Redacted, RedactedTurns, RedactionFailed, Span, counts
from .pool import POOL_FROM_BYTES, RedactionBusy, Redactors, redact_elsewhere, redact_many_async
from .vocabulary import names_a_detail

__all__ = [
    "DEFAULT_CAP_SECONDS",
    "POOL_FROM_BYTES",
    "Kind",
    "Redacted",
    "RedactedTurns",
    "RedactionBusy",
    "RedactionFailed",
    "Redactors",
    "Span",
    "counts",
    "has_full_date",
    "hidden",
    "is_short_number",
    "names_a_detail",
    "raw_for_vault",
    "redact",
    "redact_beside",
    "redact_elsewhere",
    "redact_many_async",
    "redact_parts",
    "redact_together",
    "redact_turns",
    "speaks_of_a_card",
]
