"""Whether a call's transfer reached a person.

The one thing a newcomer would get wrong: the result is the runtime's own word, free text. A word that is not
known here is taken for one that went well; an alarm about nothing is soon not read.
"""

from __future__ import annotations

import re
from typing import Final

_FAILED: Final = re.compile(
    r"fail|error|reject|refus|declin|busy|no[ _-]?answer|not[ _-]?answered|unanswered|time[d]?[ _-]?out"
    r"|unreach|unavailable|no[ _-]?one|nobody|abandon|cancel",
    re.IGNORECASE | re.ASCII,
)


def has_failed(result: str) -> bool:
    """`no answer`, `busy`, `failed`: nobody took the call over."""
    return _FAILED.search(result) is not None
