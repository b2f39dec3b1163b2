"""What can go wrong between the portal and its issuer.

What a newcomer gets wrong: `reason` is for the log. It never holds a token or a code, and still never goes to
a browser.
"""

from typing import Literal

Kind = Literal["unavailable", "refused", "invalid"]


class OpenIdError(Exception):
    """`unavailable`: no answer; `refused`: the issuer said no; `invalid`: an answer not to be trusted."""

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind: Kind = kind
        self.reason = reason
