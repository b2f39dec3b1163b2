"""Who is sent invoices by e-mail: read, and replaced as a whole.

The one thing a newcomer would get wrong: addresses are people's. They are encrypted at rest under the
tenant's key, and the activity log tells that the list changed and how long it is, never who is on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.billing.port import Account
from aidial_api.kernel.route import Answer
from aidial_api.kernel.versions import conflict
from aidial_api.surfaces.billing import store
from aidial_contract.fault import FieldError
from aidial_contract.shapes.billing import BillingRecipients, NewBillingRecipients

_PURPOSE: Final = "billing recipients"
_addresses = msgspec.json.Decoder(list[str])


def once_each(body: Any, failed: frozenset[str]) -> Iterable[FieldError]:
    """An address is given once, however its letters are written."""
    given = body.get("recipients") if isinstance(body, dict) else None
    if not isinstance(given, list):
        return
    seen = set()
    for place, address in enumerate(given):
        pointer = f"/recipients/{place}"
        if not isinstance(address, str) or pointer in failed:
            continue
        if address.casefold() in seen:
            yield FieldError(pointer, "repeated")
        seen.add(address.casefold())


async def show(ask: Ask) -> Answer:
    """The list as it stands."""
    return Answer(await _read(ask, ask.found))


async def change(ask: Ask) -> Answer:
    """The new list over the version the caller saw; 409 `version_conflict` otherwise."""
    account: Account = ask.found
    wanted: NewBillingRecipients = ask.body
    key = await ask.services.tenant_keys.get(ask.tx, account.client_id)
    plain = msgspec.json.encode(wanted.recipients)
    sealed = key.encrypt(plain, purpose=_PURPOSE, record=account.client_id)
    version = await store.save_recipients(ask.tx, account.client_id, sealed, wanted.expected_version or 0)
    if version is None:
        raise conflict((await _read(ask, account)).version)
    await record(
        ask,
        Event(
            action="billing.recipients.updated",
            target_kind="billing_account",
            target_id=account.client_id,
            client_id=account.client_id,
            technical={"version": version, "recipients": len(wanted.recipients)},
        ),
    )
    return Answer(BillingRecipients(version=version, recipients=wanted.recipients))


async def _read(ask: Ask, account: Account) -> BillingRecipients:
    row = await store.read_recipients(ask.tx, account.client_id)
    if row is None:
        return BillingRecipients(version=1, recipients=[])
    key = await ask.services.tenant_keys.get(ask.tx, account.client_id)
    plain = key.decrypt(row["addresses"], purpose=_PURPOSE, record=account.client_id)
    return BillingRecipients(version=row["version"], recipients=_addresses.decode(plain))
