"""What a month costs: from a plan, what was used and what is taken off to lines, tax and total. Pure.

The one thing a newcomer would get wrong: everything is whole cents. A share is rounded once, where its line
is made, half up; after that amounts are only added, so the lines always make the subtotal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from aidial_contract.shapes.billing import BillingPlan, InvoiceLine

GST_PERCENT: Final = 10
APPROACHING_PERCENT: Final = 80
_SECONDS: Final = 60
_BASIS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Percent:
    """A discount on the month's fee, in hundredths of a per cent."""

    description: str
    basis_points: int


@dataclass(frozen=True, slots=True)
class Amount:
    """A charge, or a credit when it is negative."""

    description: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Bill:
    """Lines that make the subtotal, its tax, and the total. `carried_minor` is credit left for next month."""

    lines: tuple[InvoiceLine, ...]
    subtotal_minor: int
    tax_minor: int
    carried_minor: int

    @property
    def total_minor(self) -> int:
        """What is owed."""
        return self.subtotal_minor + self.tax_minor


def whole_minutes(seconds: int) -> int:
    """A project's month is charged in minutes begun."""
    return -(-seconds // _SECONDS)


def overage(minutes: int, plan: BillingPlan) -> int:
    """Minutes beyond those included."""
    return max(0, minutes - plan.included_minutes)


def is_approaching(minutes: int, plan: BillingPlan) -> bool:
    """Whether most of the included minutes are used."""
    return minutes * 100 >= plan.included_minutes * APPROACHING_PERCENT


def gst(subtotal_minor: int) -> int:
    """Goods and services tax on an amount that is not negative, half a cent up."""
    return (subtotal_minor * GST_PERCENT + 50) // 100


def bill(
    plan: BillingPlan, minutes: int, sms: int, discounts: Iterable[Percent], amounts: Iterable[Amount]
) -> Bill:
    """The bill of one month. Discounts never take more than the fee; credit beyond the bill is carried on."""
    fee = plan.monthly_fee_minor
    lines = [InvoiceLine(description=f"{plan.name} plan, monthly fee", quantity=1, amount_minor=fee)]
    left = fee
    for discount in discounts:
        off = min(left, (fee * discount.basis_points + _BASIS // 2) // _BASIS)
        left -= off
        lines.append(InvoiceLine(description=discount.description, quantity=1, amount_minor=-off))
    beyond = overage(minutes, plan)
    if beyond:
        words = f"Minutes beyond the {plan.included_minutes:,} included"
        charge = beyond * plan.overage_rate_minor
        lines.append(InvoiceLine(description=words, quantity=beyond, amount_minor=charge))
    if sms:
        lines.append(
            InvoiceLine(description="SMS sent", quantity=sms, amount_minor=sms * plan.sms_rate_minor)
        )
    lines += [
        InvoiceLine(description=one.description, quantity=1, amount_minor=one.amount_minor) for one in amounts
    ]
    carried = max(0, -sum(line.amount_minor for line in lines))
    if carried:
        lines.append(
            InvoiceLine(description="Credit carried to the next month", quantity=1, amount_minor=carried)
        )
    subtotal = sum(line.amount_minor for line in lines)
    return Bill(tuple(lines), subtotal, gst(subtotal), carried)
