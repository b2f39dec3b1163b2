"""Who changed a section when, and what, in words.

The one thing a newcomer would get wrong: what may be seen was decided by the API. This draws whatever
members it names; a member without a label of its own is shown by its name.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from msgspec import UNSET

from aidial_contract.shapes.settings_history import SettingsHistory
from aidial_portal.design.calendars import calendar_day
from aidial_portal.design.context import ChangedField, ChangeRow, SettingsHistoryPage
from aidial_portal.design.filters import label
from aidial_portal.design.links import with_query
from aidial_portal.kernel.pages import reading_zone_of
from aidial_portal.surfaces.settings import api
from aidial_portal.surfaces.settings.words import CHOICES, FIELDS, NONE, TITLES
from aidial_portal.words import N_, _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aidial_contract.section import Section
    from aidial_contract.shapes.settings_history import SettingsChange, SettingsFieldChange
    from aidial_portal.design.context import Menu
    from aidial_portal.kernel.request import PortalRequest

_PATH: Final = "/settings"
_NOTHING: Final = N_("Nothing")
"""What stands for no value, where `NONE` has no better word."""


def address(section: Section, project_ref: str | None) -> str:
    """`/settings/call-limits/history?project_ref=...`."""
    return with_query(f"{_PATH}/{section.slug}/history", {"project_ref": project_ref or ""})


async def page(section: Section, request: PortalRequest, menu: Menu) -> SettingsHistoryPage:
    """One page of changes, newest first."""
    reference = request.query.get("project_ref")
    project = await api.project_for(section, request, reference)
    drawn = await page_at(
        Shelf(
            slug=section.slug,
            title=TITLES[section.slug][0],
            v1_path=api.path_of(f"{section.slug}/history", project),
            kept={"project_ref": reference or ""},
        ),
        request,
        menu,
    )
    if project is None:
        return drawn
    return replace(
        drawn,
        timezone=project.timezone,
        projects=tuple(api.references(request)),
        project_ref=api.reference_of(request, project),
    )


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a history is read: at `v1_path`; `kept` names in its address whose it is, and `v1_kept` there."""

    slug: str
    title: str
    v1_path: str
    kept: Mapping[str, str]
    v1_kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The page."""
        return with_query(f"{_PATH}/{self.slug}/history", self.kept)


async def page_at(shelf: Shelf, request: PortalRequest, menu: Menu) -> SettingsHistoryPage:
    """One page of changes, in the reader's own zone."""
    asked = {name: one for name, one in request.query.items() if name in {"limit", "cursor"} and one}
    found = await request.api.get(shelf.v1_path, SettingsHistory, query={**shelf.v1_kept, **asked})
    kept = {**shelf.kept, "limit": asked.get("limit", "")}
    bare, following = shelf.url.partition("?")[0], found.next_cursor
    return SettingsHistoryPage(
        sections=menu,
        title=shelf.title,
        kind=shelf.slug.replace("-", "_"),
        section_url=with_query(_PATH, {"section": shelf.slug, **shelf.kept}),
        url=shelf.url,
        next_url=with_query(bare, kept, cursor=following) if following else "",
        is_first="cursor" not in asked,
        rows=tuple(_row(shelf.slug, one) for one in found.history),
        timezone=reading_zone_of(request),
        now=datetime.now(UTC),
    )


def _row(slug: str, change: SettingsChange) -> ChangeRow:
    return ChangeRow(
        version=change.version,
        at=change.at,
        by=change.by,
        fields=tuple(_field(slug, one) for one in change.changes or ()),
        restricted=tuple(_label(slug, name) for name in change.restricted),
        is_known=change.changes is not None,
    )


def _field(slug: str, change: SettingsFieldChange) -> ChangedField:
    kept = None if change.kept is UNSET else change.kept
    return ChangedField(
        label=_label(slug, change.field),
        before=_lines(change.field, change.before),
        after=_lines(change.field, change.after),
        kept=kept,
    )


def _label(slug: str, name: str) -> str:
    words = FIELDS.get(slug, {})
    above, slash, own = name.partition("/")
    if above + slash in words:
        said = _(words[above + slash])
        return f"{said} {label(own).lower()}" if own else _(words[name])
    return _(words[name]) if name in words else label(name.replace("/", " "))


def _lines(name: str, value: Any) -> tuple[str, ...]:
    """A value in words, a line for each of a list."""
    if isinstance(value, list):
        return tuple(_entry(one) for one in value)
    if value is None or value == "":
        return (_(NONE.get(name, _NOTHING)),)
    if isinstance(value, bool):
        return (_("Yes") if value else _("No"),)
    chosen = CHOICES.get(name, {}).get(str(value))
    # What somebody wrote is nobody's to translate.
    return (str(value) if chosen is None else _(chosen),)


def _entry(one: Any) -> str:
    """An entry of a list: hours, a special day, a network with its label, a recipient."""
    if not isinstance(one, dict):
        return str(one)
    if "open" in one:
        return f"{one['open']}\u2013{one['close']}"
    if "date" in one:
        hours = ", ".join(_entry(part) for part in one.get("ranges") or ()) or _("Closed")
        return " · ".join(part for part in (calendar_day(one["date"]), hours, one.get("label")) if part)
    return " · ".join(str(part) for part in one.values() if part not in ("", None))
