"""Codes by SMS: on for the organisations of `tests/people.py`, off for what a test opens of its own."""

from __future__ import annotations

from aidial_api.provisioning import set_sms_codes
from tests.people import BUSINESSES, PARTNER


async def allow_sms_codes(owner_url: str) -> None:
    """As somebody of AiDial does by the command line."""
    for business in BUSINESSES:
        assert await set_sms_codes(owner_url, client_id=business.client_id, allowed=True)
    assert await set_sms_codes(owner_url, partner_org_id=PARTNER, allowed=True)
