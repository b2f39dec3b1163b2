"""Every valid number in every form is covered, and nothing of it is left."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from aidial_api.kernel.redaction import Kind, Redacted, redact, redact_turns

from . import saying

zeros = st.sampled_from(["oh", "o", "zero", "nought"])


def kinds(redacted: Redacted) -> list[Kind]:
    return [span.kind for span in redacted.spans]


def assert_gone(secret: str, redacted: Redacted) -> None:
    assert secret not in re.sub(r"\D", "", redacted.text)


@given(
    saying.mobiles,
    st.sampled_from([(4, 3, 3), (2, 4, 4), (10,), (4, 6), (2, 2, 2, 2, 2), (4, 2, 2, 2)]),
    st.sampled_from(saying.SEPARATORS),
)
def test_every_written_mobile_is_covered(number: str, sizes: tuple[int, ...], separator: str) -> None:
    redacted = redact(f"It is {saying.grouped(number, sizes, separator)}, thanks")
    assert redacted.text == "It is [PHONE], thanks"


@given(
    saying.landlines,
    st.sampled_from(["({0}) {1} {2}", "{0} {1} {2}", "{0}{1}{2}", "({0}){1}{2}", "{0}-{1}-{2}"]),
)
def test_every_written_landline_is_covered(number: str, form: str) -> None:
    assert redact(form.format(number[:2], number[2:6], number[6:])).text == "[PHONE]"


@given(
    saying.mobiles | saying.landlines,
    st.sampled_from(["+61 ", "+61", "0011 61 ", "+61 (0)", "+61-", "+61.", "plus 61 "]),
)
def test_every_country_code_is_covered(number: str, prefix: str) -> None:
    redacted = redact(f"from {prefix}{number[1:4]} {number[4:7]} {number[7:]} today")
    assert redacted.text == "from [PHONE] today"


@given(saying.mobiles | saying.landlines, zeros, st.booleans())
def test_every_spoken_number_is_covered(number: str, zero: str, doubles: bool) -> None:  # noqa: FBT001
    redacted = redact(f"it's {saying.spoken(number, zero, doubles=doubles)} thanks")
    assert redacted.text == "it's [PHONE] thanks"


@given(saying.mobiles, st.integers(1, 9))
def test_words_and_digits_may_mix(number: str, cut: int) -> None:
    assert redact(f"{saying.spoken(number[:cut])} {number[cut:]}").text == "[PHONE]"


@given(
    st.from_regex(r"1[38]00[0-9]{6}", fullmatch=True),
    st.sampled_from([(4, 3, 3), (4, 2, 2, 2), (10,), (4, 6)]),
)
def test_every_business_line_is_covered(number: str, sizes: tuple[int, ...]) -> None:
    assert redact(f"call {saying.grouped(number, sizes, ' ')}").text == "call [PHONE]"


@given(
    saying.americans,
    st.sampled_from(["{0}-{1}-{2}", "({0}) {1} {2}", "+1 {0} {1} {2}", "{0}.{1}.{2}", "+1{0}{1}{2}"]),
)
def test_every_american_number_as_written_is_covered(number: str, form: str) -> None:
    redacted = redact(f"Their phone number is {form.format(number[:3], number[3:6], number[6:])}.")
    assert redacted.text == "Their phone number is [PHONE]."


@given(saying.mobiles, st.lists(st.sampled_from(saying.INVISIBLE), min_size=10, max_size=10), st.booleans())
def test_invisible_and_fullwidth_characters_hide_nothing(number: str, between: list[str], wide: bool) -> None:  # noqa: FBT001
    said = "".join(a + b for a, b in zip(number, [*between[:9], ""], strict=True))
    assert redact(said.translate(saying.FULLWIDTH) if wide else said).text == "[PHONE]"


@given(saying.emails)
def test_every_email_is_covered_written_and_spoken(email: str) -> None:
    spoken = email.replace("@", " at ").replace(".", " dot ").replace("_", " underscore ")
    assert redact(f"Write to {email}, please").text == "Write to [EMAIL], please"
    assert redact(f"it's {spoken}").text == "it's [EMAIL]"


@given(saying.cards, st.sampled_from([(4, 4, 4, 4), (16,)]), st.sampled_from([" ", "-", ", "]))
def test_every_card_is_covered(number: str, sizes: tuple[int, ...], separator: str) -> None:
    assert kinds(redact(f"It is {saying.grouped(number, sizes, separator)} ok")) == [Kind.CARD]
    assert kinds(redact(saying.spoken(number))) == [Kind.CARD]


@given(saying.amexes)
def test_every_amex_is_covered(number: str) -> None:
    assert kinds(redact(saying.grouped(number, (4, 6, 5), " "))) == [Kind.CARD]


@given(saying.medicares, st.sampled_from([(4, 5, 1), (10,)]))
def test_every_medicare_number_is_covered(number: str, sizes: tuple[int, ...]) -> None:
    assert kinds(redact(f"It is {saying.grouped(number, sizes, ' ')}")) == [Kind.MEDICARE]
    assert kinds(redact(f"Medicare {saying.spoken(number)}")) == [Kind.MEDICARE]
    assert kinds(redact(f"Medicare {saying.grouped(number, sizes, ' ')} / 2")) == [Kind.MEDICARE]


@given(saying.tfns, saying.acns, saying.abns())
def test_every_tax_and_business_number_is_covered(tfn: str, acn: str, abn: str) -> None:
    assert kinds(redact(f"TFN {saying.grouped(tfn, (3, 3, 3), ' ')}")) == [Kind.TFN]
    assert kinds(redact(f"tax file number {saying.spoken(tfn)}")) == [Kind.TFN]
    assert kinds(redact(f"ACN {saying.grouped(acn, (3, 3, 3), ' ')}")) == [Kind.ACN]
    assert kinds(redact(f"Our ABN is {saying.grouped(abn, (2, 3, 3, 3), ' ')}")) == [Kind.ABN]


@given(
    st.from_regex(r"[0-9]{3,4}", fullmatch=True),
    st.sampled_from(["CVV {}", "cvc is {}", "security code {}", "{} on the back"]),
)
def test_every_verification_code_called_so_is_covered(code: str, form: str) -> None:
    assert kinds(redact(form.format(code))) == [Kind.CVV]


@given(
    st.dates(), st.sampled_from(["%d/%m/%Y", "%d %B %Y", "%B %d, %Y", "%d-%m-%Y", "%d.%m.%Y", "%d of %B %Y"])
)
def test_every_birth_date_is_covered(day: object, form: str) -> None:
    said = format(day, form)
    if re.search(r"(19|20)\d\d$", said):
        assert redact(f"date of birth {said}").text == "date of birth [DATE_OF_BIRTH]"


@given(
    saying.mobiles,
    st.lists(st.integers(1, 9), min_size=1, max_size=3, unique=True).map(sorted),
    st.sampled_from(["yes", "ok, go on", "mm hmm", "got it", "and then?"]),
)
def test_a_number_cut_anywhere_over_turns_is_covered(number: str, cuts: list[int], agent: str) -> None:
    turns: list[str] = []
    for start, end in zip([0, *cuts], [*cuts, 10], strict=True):
        turns += [number[start:end], agent]
    stored = [turn.text for turn in redact_turns(turns).turns]
    assert stored[::2] == ["[PHONE]"] * (len(cuts) + 1)


@given(saying.mobiles, st.sampled_from(["for the order,", "Sure,", "we are 4. Then", "room 12 and"]))
def test_nothing_of_a_number_survives_beside_other_numbers(number: str, before: str) -> None:
    assert_gone(number, redact(f"{before} {saying.grouped(number, (4, 3, 3), ' ')} at 11:30 for 2"))


@given(
    st.integers(1, 12), st.integers(0, 59), st.integers(1, 28), st.integers(1990, 2030), st.integers(1, 9999)
)
def test_times_dates_and_prices_stay(hour: int, minute: int, day: int, year: int, price: int) -> None:
    said = (
        f"At {hour}:{minute:02} pm on {day}/3/{year}, {day} March {year}, "
        f"{year}-03-{day:02}, ${price}, {hour} people"
    )
    assert redact(said).text == said
