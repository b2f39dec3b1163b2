"""The content security policy of a page.

`form-action` names the issuer too: browsers apply it to the redirect after a form, and both sign-in and
sign-out are forms that end at the issuer. Modules need nothing beside the nonce: static imports inherit it.
"""

from __future__ import annotations


def content_security_policy(nonce: str, issuer_origin: str | None = None) -> str:
    """Give the header's value for a page whose scripts carry `nonce`."""
    form_targets = "'self'" if issuer_origin is None else f"'self' {issuer_origin}"
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
