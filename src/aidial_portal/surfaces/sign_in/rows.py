"""The rows of `/sign-in`.

The one thing a newcomer would get wrong: starts are counted where they start, at next-auth's own row.
"""

from __future__ import annotations

from typing import Final

from aidial_portal.kernel.pages import NOBODY, page_row
from aidial_portal.kernel.route import (
    HTML,
    NO_QUERY,
    Access,
    Body,
    Kind,
    Precondition,
    Route,
    WithoutContext,
)
from aidial_portal.surfaces.sign_in import pages

_FORM: Final = Body(limit_bytes=16 * 1024, media_types=frozenset({"application/x-www-form-urlencoded"}))


def rows() -> tuple[Route, ...]:
    """The form, and where it posts to."""
    return (
        page_row(
            pages.PATH,
            "sign_in.page",
            pages.show,
            access=Access.PUBLIC,
            permission=None,
            scope=NOBODY,
            query=frozenset({"callbackUrl", "error"}),
        ),
        Route(
            method="POST",
            path=pages.PATH,
            name="sign_in.start",
            handler=pages.start,
            kind=Kind.PAGE,
            access=Access.PUBLIC,
            permission=None,
            scope=NOBODY,
            query=NO_QUERY,
            bucket=None,
            body=_FORM,
            produces=HTML,
            precondition=Precondition.NONE,
            denial="",
            without_context=WithoutContext.FAIL,
        ),
    )
