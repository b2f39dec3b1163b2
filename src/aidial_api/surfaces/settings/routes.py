"""The rows of settings: to read each section and its history, and one for each way to save it.

The one thing a newcomer would get wrong: a section is added to `aidial_contract.sections`; its rows follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Precondition, Route
from aidial_api.surfaces.settings import handlers, history, opening_hours
from aidial_contract.params import OPENING_PARAMS, SETTINGS_HISTORY_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.section import Section
from aidial_contract.sections import SECTIONS
from aidial_contract.shapes.project_settings import OpeningPreview
from aidial_contract.shapes.settings_history import SettingsHistory


def _rows(section: Section) -> Iterator[Route]:
    whose = "the project's" if section.per_project else "your tenant's"
    base = "/v1/projects/{project_id}/settings" if section.per_project else "/v1/settings"
    common: dict[str, Any] = {
        "access": Access.FULL,
        "auth": AuthMode.BEARER,
        "scope": ScopeKind.RECORD if section.per_project else ScopeKind.CLIENTS,
        "find": partial(handlers.find, section),
        "answers": {200: section.document},
        "bucket": "reads",
    }
    whole = common | {"find": partial(handlers.find_whole, section)}
    yield Route(
        **common,
        method="GET",
        path=f"{base}/{section.slug}",
        name=f"settings.{section.name}",
        summary=f"{whose.capitalize()} `{section.slug}`, as much of it as your role sees.",
        handler=partial(handlers.show, section),
        permission=section.view,
        or_permission=section.or_view,
    )
    yield Route(
        **(whole | {"answers": {200: SettingsHistory}}),
        method="GET",
        path=f"{base}/{section.slug}/history",
        name=f"settings.{section.name}.history",
        summary=f"Who changed {whose} `{section.slug}` when, and what, as far as your role sees it.",
        handler=partial(history.show, section),
        permission=section.view,
        query=SETTINGS_HISTORY_PARAMS,
    )
    for save in section.saves:
        yield Route(
            **whole,
            method="PUT",
            path=f"{base}/{section.path(save)}",
            name=section.row_name(save),
            summary=f"Save {whose} `{section.path(save)}` over the version you changed.",
            handler=partial(handlers.save, section),
            permission=section.edit,
            body=save.change,
            rules=save.rules,
            precondition=Precondition.EXPECTED_VERSION,
            writes=True,
        )


ROWS = (
    *(row for section in SECTIONS for row in _rows(section)),
    Route(
        method="GET",
        path="/v1/projects/{project_id}/settings/business-hours/preview",
        name="settings.business_hours.preview",
        summary="Whether the line would be open at a moment, by the saved hours and the project's clocks.",
        handler=opening_hours.preview,
        access=Access.FULL,
        auth=AuthMode.BEARER,
        permission=opening_hours.SECTION.view,
        scope=ScopeKind.RECORD,
        bucket="reads",
        find=partial(handlers.find, opening_hours.SECTION),
        query=OPENING_PARAMS,
        answers={200: OpeningPreview},
    ),
)
