"""What a section of settings is: one row, from which both apps draw routes, forms and the menu.

The one thing a newcomer would get wrong: a section may be saved in parts (the cards of opening hours), and
still is one document with one version.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from aidial_contract.access import Permission
from aidial_contract.checking import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """One way to save a section: the body `/v1` takes, the one the portal takes, the checks over both.

    `part` stands behind the section in the path; "" where the section is saved whole.
    """

    change: type[Any]
    portal_change: type[Any]
    rules: tuple[Rule, ...]
    part: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section. `restricted` are the members of its value that a summary leaves out.

    `exported` are those that an account export holds, `member` or `member/of it`: what is not named, or is
    stored in another form, stays out of files.
    `or_view` shows the document, and not who changed it, to those who lack `view`.
    `value` is its value as stored and shown; `document` is what `/v1` answers, `portal_document` the portal.
    `of_all_lines`: it is about all projects of the tenant at once. Who reaches some of them only sees it as
    mode `history` does, and neither saves it nor sees who changed it.
    `per_project`: every project has its own (`/v1/projects/{project_id}/settings/...`, `?project_ref=`), else
    the tenant has one. `in_runtime`: a save publishes it, so that the project's runtime works by it.
    """

    slug: str
    view: Permission
    or_view: Permission | None = None
    edit: Permission
    value: type[Any]
    document: type[Any]
    portal_document: type[Any]
    restricted: tuple[str, ...]
    exported: tuple[str, ...]
    saves: tuple[Save, ...]
    per_project: bool
    in_runtime: bool
    of_all_lines: bool = False

    @property
    def name(self) -> str:
        """`tenant_settings`: the slug as route names and audit events spell it."""
        return self.slug.replace("-", "_")

    @property
    def seen_by(self) -> Permission:
        """What everybody holds who sees any of it."""
        return self.or_view or self.view

    @property
    def left_out(self) -> tuple[str, ...]:
        """Every member of its value that an account export is without."""
        return tuple(sorted(set(_members(self.value)) - set(self.exported)))

    def row_name(self, save: Save) -> str:
        """`settings.business_hours.special_days.save`: what both apps call the row of a save."""
        parts = ("settings", self.name, save.part.replace("-", "_"), "save")
        return ".".join(part for part in parts if part)

    def path(self, save: Save) -> str:
        """`business-hours/special-days`: the end of its path."""
        return f"{self.slug}/{save.part}" if save.part else self.slug


def _members(value: type[Any]) -> Iterator[str]:
    """`enabled`, and `email_transcript/enabled` of what is a value itself."""
    for one in msgspec.structs.fields(value):
        if isinstance(one.type, type) and issubclass(one.type, msgspec.Struct):
            yield from (f"{one.name}/{name}" for name in _members(one.type))
        else:
            yield one.name
