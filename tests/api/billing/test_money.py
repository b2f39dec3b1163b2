"""Money is exact, whatever is charged and taken off."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from aidial_api.surfaces.billing.embedded.charges import Amount, Percent, bill, gst, whole_minutes
from aidial_api.surfaces.billing.embedded.paper import written
from aidial_contract.shapes.billing import BillingPlan

cents = st.integers(0, 10_000_000)
plans = st.builds(
    BillingPlan,
    name=st.just("Any"),
    monthly_fee_minor=cents,
    included_minutes=st.integers(0, 100_000),
    overage_rate_minor=st.integers(0, 500),
    sms_rate_minor=st.integers(0, 500),
    currency=st.just("AUD"),
)
discounts = st.lists(st.builds(Percent, st.just("Off"), st.integers(1, 10_000)), max_size=4)
amounts = st.lists(st.builds(Amount, st.just("By hand"), st.integers(-5_000_000, 5_000_000)), max_size=4)


@given(plans, st.integers(0, 1_000_000), st.integers(0, 100_000), discounts, amounts)
def test_lines_make_the_subtotal_and_the_tax_is_a_tenth_of_it(
    plan: BillingPlan, minutes: int, sms: int, off: list[Percent], by_hand: list[Amount]
) -> None:
    made = bill(plan, minutes, sms, off, by_hand)
    assert sum(line.amount_minor for line in made.lines) == made.subtotal_minor >= 0
    assert made.total_minor == made.subtotal_minor + made.tax_minor
    assert abs(Fraction(made.subtotal_minor, 10) - made.tax_minor) <= Fraction(1, 2)
    assert all(isinstance(line.amount_minor, int) for line in made.lines)
    # Nothing is lost: what was asked for is what is charged, less what is carried on.
    fee = plan.monthly_fee_minor
    taken = sum(line.amount_minor for line in made.lines if line.description == "Off")
    assert 0 >= taken >= -fee
    beyond = max(0, minutes - plan.included_minutes) * plan.overage_rate_minor
    whole = fee + taken + beyond + sms * plan.sms_rate_minor + sum(one.amount_minor for one in by_hand)
    assert made.subtotal_minor - made.carried_minor == whole
    assert not (made.subtotal_minor and made.carried_minor)


def test_half_a_cent_of_tax_goes_up() -> None:
    assert [gst(amount) for amount in (0, 4, 5, 14, 15, 14_990)] == [0, 0, 1, 1, 2, 1_499]


def test_a_minute_begun_is_a_minute() -> None:
    assert [whole_minutes(seconds) for seconds in (0, 1, 60, 61, 3_599)] == [0, 1, 1, 2, 60]


def test_amounts_as_people_write_them() -> None:
    assert [written(amount, "AUD") for amount in (0, 5, 120_450, -2_235)] == [
        "$0.00",
        "$0.05",
        "$1,204.50",
        "-$22.35",
    ]
    assert written(1_200, "USD") == "USD 12.00"
