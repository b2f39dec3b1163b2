"""Whether a recording may be played or downloaded, and why not: consent, compliance, entitlement, media.

Source: `product.md` section 3 and decision 34. The one thing a newcomer would get wrong: the role is no rule.
Who may not at all met a 404 before anything here was asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import asyncpg

Reason = Literal["consent", "compliance", "entitlement", "media"]
Purpose = Literal["playback", "download"]
CONSENTING: Final = frozenset({"obtained", "not_required"})
WITHHELD: Final = frozenset({"hidden", "redaction_failed"})
"""States of a transcript whose call nobody may hear: what it holds is not known, or not to be shown."""


def reason_against(call: asyncpg.Record, purpose: Purpose, *, has_media: bool) -> Reason | None:
    """The first rule that says no, or None. `call` is a row of `store`."""
    if call["consent_state"] not in CONSENTING:
        return "consent"
    if is_withheld(call):
        return "compliance"
    if purpose == "download" and not call["may_download"]:
        return "entitlement"
    return None if has_media else "media"


def is_withheld(call: asyncpg.Record) -> bool:
    """Whether nobody may hear the call: a card's security code is in it, or nobody knows what is."""
    return bool(call["holds_card_code"]) or call["transcript_state"] in WITHHELD


def may_not_be_kept(call: asyncpg.Record) -> bool:
    """Whether no sound of the call may be stored: a card's security code is in it, or nobody will know."""
    return bool(call["holds_card_code"]) or call["transcript_state"] == "redaction_failed"
