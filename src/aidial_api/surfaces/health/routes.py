"""The rows of health."""

from __future__ import annotations

from aidial_api.kernel.route import Access, AuthMode, Route
from aidial_api.surfaces.health import handlers
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.common import Health

ROWS = tuple(
    Route(
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
        answers=answers,
        media_type=handlers.MEDIA_TYPE,
        survives_bad_configuration=True,
    )
    for path, name, summary, handler, answers in (
        (
            "/v1/health",
            "health.show",
            "Whether the API and what it depends on work.",
            handlers.show,
            {200: Health, 503: Health},
        ),
        (
            "/v1/health/live",
            "health.live",
            "Whether the process answers; asks no dependency.",
            handlers.live,
            {200: Health},
        ),
    )
)
