"""E-mail addresses, as far as a form can judge them.

The one thing a newcomer would get wrong: whether an address receives mail, only mail tells. What a header of
mail would decode (`=?...?=`) is no address, and a domain is as the network knows it: `xn--...`, in ASCII.
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
    if len(text) > MAX_ADDRESS or not text.isprintable() or "=?" in text:
        return False
    return _FORM.fullmatch(text) is not None and text.rpartition("@")[2].isascii()
