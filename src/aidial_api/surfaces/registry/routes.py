"""The rows of the API's description of itself."""

from __future__ import annotations

from aidial_api.kernel.route import Access, AuthMode, Handler, Route
from aidial_api.surfaces.registry import handlers
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.common import ErrorRegistry


def _public(path: str, name: str, summary: str, handler: Handler, shape: object, media_type: str) -> Route:
    return Route(
        method="GET",
        path=path,
        name=name,
        summary=summary,
        handler=handler,
        access=Access.PUBLIC,
        auth=AuthMode.NONE,
        permission=None,
        scope=ScopeKind.NOBODY,
        bucket="none",
        answers={200: shape},
        media_type=media_type,
    )


ROWS = (
    _public(
        "/v1/errors",
        "errors.list",
        "Every error this API can answer.",
        handlers.show_errors,
        ErrorRegistry,
        "application/json",
    ),
    _public(
        "/v1/openapi.json",
        "openapi.show",
        "This description, OpenAPI 3.1.",
        handlers.show_openapi,
        None,
        "application/json",
    ),
    _public("/v1/docs", "docs.show", "This description as a page.", handlers.show_docs, None, "text/html"),
)
