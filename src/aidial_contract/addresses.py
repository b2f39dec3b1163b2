"""E-mail addresses, as far as a form can judge them.

The one thing a newcomer would get wrong: whether an address receives mail, only mail tells.
"""

from __future__ import annotations

import re
from typing import Final

MAX_ADDRESS: Final = 254
_FORM: Final = re.compile(
    r"[^\s@<>\"(),:;\\\[\]]{1,64}@(?:[^\s@.<>\"(),:;\\\[\]]+\.)+[^\s@.<>\"(),:;\\\[\]]{2,}"
)


def is_address(text: str) -> bool:
    """Whether a text looks like an e-mail address."""
    return len(text) <= MAX_ADDRESS and text.isprintable() and _FORM.fullmatch(text) is not None
