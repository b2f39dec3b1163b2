"""Approved templates of what callers are told: revisions of texts, each published once and never changed.

The one thing a newcomer would get wrong: a text is not corrected here. Its correction is another revision,
and the one before stays as long as a project may have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from aidial_contract.fault import FieldError


@dataclass(frozen=True, slots=True)
class Template:
    """One revision. `collection_notice` says what is collected and why, `consent_notice` asks the caller."""

    revision: str
    name: str
    collection_notice: str
    consent_notice: str


TEMPLATES: Final = (
    Template(
        "recorded.1",
        "Recorded, unless the caller says no",
        "You are speaking with an automated agent. This call is recorded and transcribed, so that we can help"
        " you and keep a record of what was agreed. You can ask us for what we hold about you.",
        "If you do not want to be recorded, please say so now, and we go on without a recording.",
    ),
    Template(
        "recorded-on-yes.1",
        "Recorded only after the caller says yes",
        "You are speaking with an automated agent. This call is transcribed, so that we can help you. You can"
        " ask us for what we hold about you.",
        "May we record this call too? Please say yes or no.",
    ),
    Template(
        "transcribed.1",
        "Transcribed, never recorded",
        "You are speaking with an automated agent. This call is not recorded. A transcript is kept, so that"
        " we can help you. You can ask us for what we hold about you.",
        "If you do not want a transcript to be kept, please say so now, and we take your number instead.",
    ),
)
"""Those that may be chosen. The first counts for a project that nobody chose one for."""

BY_REVISION: Final = {template.revision: template for template in TEMPLATES}


def template_rule(body: Any, failed: frozenset[str]) -> Iterator[FieldError]:
    """The revision is an approved one."""
    value = body.get("value") if isinstance(body, dict) else None
    revision = value.get("template_revision") if isinstance(value, dict) else None
    is_text = isinstance(revision, str) and "/value/template_revision" not in failed
    if is_text and revision not in BY_REVISION:
        yield FieldError("/value/template_revision", "not_allowed")


def consent_notice(template: Template, appendix: str) -> str:
    """What the caller is asked, and the customer's own words after it."""
    return f"{template.consent_notice} {appendix}" if appendix else template.consent_notice
