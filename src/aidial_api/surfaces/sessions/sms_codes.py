"""`POST /v1/second-factor/sms`: a phone that the issuer may send codes to.

The one thing a newcomer would get wrong: nothing of the number stays here. The issuer has it; the answer and
the event hold its last three digits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import record
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.sessions import registry, store
from aidial_contract.access import Permission, Role, level_of
from aidial_contract.code_phones import australian_mobile
from aidial_contract.shapes.sessions import SmsEnrolled

if TYPE_CHECKING:
    from collections.abc import Sequence

FACTOR = "sms_otp"
GIVEN = "sessions.second_factor.phone_given"
_SHOWN_DIGITS = 3


async def find(ask: Ask) -> asyncpg.Record | None:
    """The asker's organisation when its people may use codes by SMS and there is a way to the issuer."""
    person = registry.person_of(ask)
    if not ask.services.factors.can_enrol:
        return None
    return await store.sms_codes_of(ask.tx, person.client_id, person.partner_org_id)


async def enrol(ask: Ask) -> Answer:
    """The end of the number; the issuer has sent a code, or has added the factor for a phone it knew."""
    number = australian_mobile(ask.body.mobile)
    if number is None:
        raise RuntimeError("a number passed its rules and is none")
    person, session = registry.person_of(ask), ask.session
    if session is None:
        raise RuntimeError("the row takes nobody without a session")
    phone_tail = f"+61 ... {number[-_SHOWN_DIGITS:]}"
    told = {"phone_tail": phone_tail}
    await record(ask, registry.event(ask, GIVEN, session.session_id, technical=told))
    await ask.services.factors.enrol_phone(person.subject, number)
    return Answer(SmsEnrolled(phone_tail=phone_tail))


def is_offered(role: Role | None, clients: Sequence[Any], *, can_enrol: bool) -> bool:
    """Whether the remediation page offers it; `clients` are the rows of `store.list_clients`."""
    if role is None or not can_enrol or level_of(role, Permission.MFA_ENROL_SMS) is None:
        return False
    column = "partner_sms_otp" if role is Role.PARTNER_ADMIN else FACTOR
    return any(row[column] for row in clients)
