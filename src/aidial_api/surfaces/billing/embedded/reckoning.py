"""One month of one account, reckoned: the same for what is shown today and for the invoice at its end.

The one thing a newcomer would get wrong: the estimate people see and the invoice they get come from here,
both; they differ only in how much of the month has passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidial_api.kernel.months import begin_of, moved
from aidial_api.surfaces.billing.embedded import books
from aidial_api.surfaces.billing.embedded.charges import Amount, Bill, Percent, bill, whole_minutes
from aidial_contract.shapes.billing import BillingPlan

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.transaction import Tx


@dataclass(frozen=True, slots=True)
class Month:
    """What a month holds. `plan` and `made` are None for a month that is not billed."""

    used: Sequence[asyncpg.Record]
    minutes: int
    sms: int
    plan: BillingPlan | None
    changes: Sequence[asyncpg.Record]
    made: Bill | None


async def reckon(tx: Tx, client_id: str, month: str, timezone: str) -> Month:
    """Count what was used and make the bill."""
    begins, ends = begin_of(month, timezone), begin_of(moved(month, 1), timezone)
    used = await books.count_used(tx, client_id, begins, ends)
    minutes, sms = sum(whole_minutes(row["seconds"]) for row in used), sum(row["sms"] for row in used)
    account = await books.find_account(tx, client_id)
    if account is None or account["first_period"] > month:
        return Month(used, minutes, sms, None, (), None)
    plan = plan_of(account)
    changes = await books.list_changes(tx, client_id)
    applied = [one for one in reversed(changes) if applies(one, month)]
    discounts = [
        Percent(one["description"], one["percent_bp"]) for one in applied if one["kind"] == "discount"
    ]
    amounts = [
        Amount(one["description"], one["amount_minor"]) for one in applied if one["kind"] == "adjustment"
    ]
    return Month(used, minutes, sms, plan, changes, bill(plan, minutes, sms, discounts, amounts))


def plan_of(account: asyncpg.Record) -> BillingPlan:
    """What the account agreed to."""
    return BillingPlan(
        name=account["plan_name"],
        monthly_fee_minor=account["monthly_fee_minor"],
        included_minutes=account["included_minutes"],
        overage_rate_minor=account["overage_rate_minor"],
        sms_rate_minor=account["sms_rate_minor"],
        currency=account["currency"],
    )


def applies(change: asyncpg.Record, month: str) -> bool:
    """Whether a discount or an adjustment counts in a month."""
    last = change["last_period"]
    return bool(change["first_period"] <= month and (last is None or month <= last))
