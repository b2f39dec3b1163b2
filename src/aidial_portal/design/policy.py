"""The content security policy of a page.

`form-action` names the provider too: browsers apply it to the redirect after a form, and both sign-in and
sign-out are forms that end there. Modules need nothing beside the nonce: static imports inherit it.
"""

from __future__ import annotations

from collections.abc import Iterable


def content_security_policy(nonce: str, form_origins: Iterable[str] = ()) -> str:
    """Give the header's value for a page whose scripts carry `nonce`; forms end here or at `form_origins`."""
    form_targets = " ".join(("'self'", *sorted(form_origins)))
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            "connect-src 'self'",
            "media-src 'self'",
            f"form-action {form_targets}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
