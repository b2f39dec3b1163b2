"""The projects workspace: `workspace/list.html`, `workspace/project.html`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .shell import NavItem


@dataclass(frozen=True, slots=True)
class WorkspaceRow:
    """A project of the list; `client_name` is whose it is."""

    name: str
    client_name: str
    timezone: str
    is_active: bool
    url: str


@dataclass(frozen=True, slots=True)
class WorkspacePage:
    """`/projects`: every project in reach."""

    template: ClassVar[str] = "workspace/list.html"
    rows: tuple[WorkspaceRow, ...]


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """One section of a project. `kind` is the section's name, and `value` its working copy.

    action: where the working copy is put; publish_action: where it is published. is_published: the working
    copy is what callers and the runtime have; number, published_at, published_by: the newest version.
    """

    template: ClassVar[str] = "workspace/project.html"
    name: str
    client_name: str
    sections: tuple[NavItem, ...]
    kind: str
    title: str
    about: str
    value: Mapping[str, Any]
    version: int
    may_edit: bool
    is_published: bool
    action: str
    publish_action: str
    timezone: str
    now: datetime
    changed_at: datetime | None = None
    number: int | None = None
    published_at: datetime | None = None
    published_by: str | None = None

    @property
    def may_publish(self) -> bool:
        """Whether there is a saved working copy that nobody published yet."""
        return self.may_edit and not self.is_published and self.changed_at is not None
