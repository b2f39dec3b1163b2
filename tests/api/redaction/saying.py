"""Valid numbers and the ways people write and say them, for generated tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from aidial_api.kernel.redaction import checksums

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SEPARATORS = (" ", "-", ".", "/", "\u2013", "\u2011", "\u00a0", "\u2009", ", ", "  ")
INVISIBLE = ("", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u2060", "\x00")
FULLWIDTH = str.maketrans("0123456789", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19")

mobiles = st.from_regex(r"04[0-9]{8}", fullmatch=True)
landlines = st.from_regex(r"0[2378][2-9][0-9]{7}", fullmatch=True)
americans = st.from_regex(r"[2-9][0-8][0-9][2-9][0-9]{6}", fullmatch=True)
emails = st.from_regex(
    r"[a-z]{3,8}[._]?[a-z]{3,8}[0-9]{0,3}@[a-z]{4,9}\.(com|net|org|com\.au)", fullmatch=True
)


def _completed(pattern: str, check: Callable[[str], bool], place: int) -> st.SearchStrategy[str]:
    """Digits of a pattern with the one at `place` put right."""

    def put_right(digits: str) -> str:
        options = [digits[:place] + str(one) + digits[place:] for one in range(10)]
        return next((option for option in options if check(option)), "")

    return st.from_regex(pattern, fullmatch=True).map(put_right).filter(bool)


cards = _completed(r"4[0-9]{14}|5[1-5][0-9]{13}", checksums.luhn, 15)
amexes = _completed(r"3[47][0-9]{12}", checksums.luhn, 14)
medicares = _completed(r"[2-6][0-9]{7}[1-9]", checksums.medicare, 8)
tfns = _completed(r"[1-9][0-9]{7}", checksums.tfn, 8)
acns = _completed(r"[0-9]{7}[1-9]", checksums.acn, 8)


@st.composite
def abns(draw: st.DrawFn) -> str:
    """A valid business number: the two leading digits are the check digits."""
    rest = draw(st.from_regex(r"[0-9]{9}", fullmatch=True))
    leading = draw(st.permutations(range(10, 100)))
    return next((f"{one}{rest}" for one in leading if checksums.abn(f"{one}{rest}")), "51824753556")


def grouped(digits: str, sizes: tuple[int, ...], separator: str) -> str:
    """Digits in groups of the given sizes."""
    parts, at = [], 0
    for size in sizes:
        parts.append(digits[at : at + size])
        at += size
    return separator.join(parts)


def spoken(digits: str, zero: str = "oh", *, doubles: bool = True) -> str:
    """Digits in words: "oh four one double two"."""
    words, at = [], 0
    while at < len(digits):
        word = zero if digits[at] == "0" else WORDS[int(digits[at])]
        same = next(count for count in (3, 2, 1) if digits[at : at + count] == digits[at] * count)
        if doubles and same > 1:
            words.append(("double ", "triple ")[same - 2] + word)
            at += same
        else:
            words.append(word)
            at += 1
    return " ".join(words)
