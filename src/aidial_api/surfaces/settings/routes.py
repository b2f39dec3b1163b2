"""The rows of settings: two for each section.

The one thing a newcomer would get wrong: a section is added to `aidial_contract.sections`; its rows follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Precondition, Route
from aidial_api.surfaces.settings import handlers
from aidial_contract.scope import ScopeKind
from aidial_contract.sections import SECTIONS, Section


def _rows(section: Section) -> Iterator[Route]:
    common: dict[str, Any] = {
        "path": f"/v1/settings/{section.slug}",
        "access": Access.FULL,
        "auth": AuthMode.BEARER,
        "scope": ScopeKind.CLIENTS,
        "find": partial(handlers.find, section),
        "answers": {200: section.document},
    }
    yield Route(
        **common,
        method="GET",
        name=f"settings.{section.name}",
        summary=f"Your tenant's `{section.slug}`, as much of it as your role sees.",
        handler=partial(handlers.show, section),
        permission=section.view,
        bucket="reads",
    )
    yield Route(
        **common,
        method="PUT",
        name=f"settings.{section.name}.save",
        summary=f"Save your tenant's `{section.slug}` over the version you changed.",
        handler=partial(handlers.save, section),
        permission=section.edit,
        bucket="reads",
        body=section.change,
        rules=section.rules,
        precondition=Precondition.EXPECTED_VERSION,
        writes=True,
    )


ROWS = tuple(row for section in SECTIONS for row in _rows(section))
