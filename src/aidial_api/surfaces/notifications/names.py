"""Names of people in what was said, hidden where a project wants personal details masked.

The one thing a newcomer would get wrong: this is not redaction. Nobody can tell every name from a word; what
is hidden are the names by which people introduce themselves or are addressed, wherever they come again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

HIDDEN: Final = "[NAME]"
_NAME: Final = r"[A-Z][\w'\u2019-]*\w"
_NAMES: Final = rf"({_NAME}(?:\s+{_NAME}){{0,2}})"
_INTRODUCED: Final = re.compile(
    r"\b(?:(?i:my name is|my name's|the name is|the name's|name is|this is|i am|i'm|i\u2019m|it's|it\u2019s"
    r"|call me|speaking with|under the name|under the name of|for a)"
    rf"|(?:Mr|Mrs|Ms|Miss|Dr|Mx)\.?)\s+{_NAMES}"
)
_ADDRESSED: Final = re.compile(rf"\b(?i:thanks|thank you|hello|hi|hey|goodbye|bye),?\s+{_NAMES}")
_NO_NAMES: Final = frozenset(
    word
    for line in (
        "Sorry Thanks Thank Please Yes No Okay Ok Good Great Fine Not Just Calling Looking From At For In",
        "On The A An And But So Is It That This There Here Today Tomorrow I You We Monday Tuesday Wednesday",
        "Thursday Friday Saturday Sunday January February March April May June July August September October",
        "November December PHONE EMAIL MEDICARE TFN ABN ACN CARD CVV ADDRESS PASSPORT LICENCE",
    )
    for word in line.split()
)


def names_in(texts: Iterable[str]) -> list[str]:
    """The names that texts introduce or address somebody by, the longest first."""
    found: set[str] = set()
    for text in texts:
        for pattern in (_INTRODUCED, _ADDRESSED):
            for match in pattern.finditer(text):
                found.update(word for word in match[1].split() if word not in _NO_NAMES)
    return sorted(found, key=lambda name: (-len(name), name))


def without_names(text: str, names: Iterable[str]) -> str:
    """The text with each of the names hidden, wherever it is a word of its own."""
    listed = [re.escape(name) for name in names]
    if not listed:
        return text
    hidden = re.sub(rf"\b(?:{'|'.join(listed)})\b", HIDDEN, text)
    return re.sub(rf"{re.escape(HIDDEN)}(?:\s+{re.escape(HIDDEN)})+", HIDDEN, hidden)
