"""Settings: `settings/page.html`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from .shell import NavItem


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """One section. `kind` is its template's name, `settings/<kind>.html`, which knows the members of `value`.

    mode: `edit` draws a form that puts to `action`, `summary` what may be read. counts: how many there are of
    a list that a summary leaves out. your_address: the visitor's own. zones, formats: suggestions.
    """

    template: ClassVar[str] = "settings/page.html"
    sections: tuple[NavItem, ...]
    kind: str
    title: str
    about: str
    action: str
    mode: Literal["edit", "summary"]
    version: int
    value: Any
    timezone: str
    now: datetime
    your_address: str
    counts: Mapping[str, int]
    changed_at: datetime | None = None
    changed_by: str | None = None
    zones: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
