"""The rows of the projects workspace: two a section, made of the list of sections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Precondition, Route
from aidial_api.surfaces.workspace import handlers
from aidial_contract.access import Permission
from aidial_contract.params import VERSION_LIST_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.workspace import (
    SECTIONS,
    Draft,
    Publication,
    Published,
    PublishedVersionList,
    RuntimeConfig,
    Section,
)

_PROJECT = "/v1/projects/{project_id}"
_ONE: dict[str, Any] = {
    "access": Access.FULL,
    "scope": ScopeKind.RECORD,
    "find": handlers.find,
    "bucket": "reads",
}
_VIEW: dict[str, Any] = {
    **_ONE,
    "method": "GET",
    "auth": AuthMode.BEARER,
    "permission": Permission.WORKSPACE_VIEW,
}
_MANAGE: dict[str, Any] = {
    **_ONE,
    "auth": AuthMode.BEARER,
    "permission": Permission.WORKSPACE_MANAGE,
    "writes": True,
    "precondition": Precondition.EXPECTED_VERSION,
}


def _section_rows(section: Section) -> Iterator[Route]:
    path = f"{_PROJECT}/draft/{section.name}"
    yield Route(
        **_VIEW,
        path=path,
        name=f"workspace.{section.name}.show",
        summary=f"The working copy of the section {section.name}.",
        handler=handlers.show_draft(section.name),
        answers={200: Draft},
    )
    yield Route(
        **_MANAGE,
        method="PUT",
        path=path,
        name=f"workspace.{section.name}.save",
        summary=f"Save the working copy of the section {section.name}; callers notice nothing of it.",
        handler=handlers.save_draft(section.name),
        answers={200: Draft},
        body=section.change,
        rules=section.rules,
    )


ROWS = (
    *(row for section in SECTIONS for row in _section_rows(section)),
    Route(
        **_MANAGE,
        method="POST",
        path=f"{_PROJECT}/publish",
        name="workspace.publish",
        summary="Publish the drafts: from now on the runtime reads them.",
        handler=handlers.publish,
        answers={202: Published},
        body=Publication,
        errors=("draft_state_missing",),
    ),
    Route(
        **_VIEW,
        path=f"{_PROJECT}/versions",
        name="workspace.versions",
        summary="What was published, newest first.",
        handler=handlers.show_versions,
        answers={200: PublishedVersionList},
        query=VERSION_LIST_PARAMS,
    ),
    Route(
        **_ONE,
        method="GET",
        auth=AuthMode.KEY,
        permission=Permission.RUNTIME_CONFIG_READ,
        path=f"{_PROJECT}/runtime-config",
        name="workspace.runtime_config",
        summary="The published configuration, for the voice runtime.",
        handler=handlers.show_runtime_config,
        answers={200: RuntimeConfig},
        errors=("published_state_missing",),
    ),
)
