"""Turns a page context into HTML.

Each context names its template; a newcomer who adds a template adds a context, never a bare dict, because
undefined names are errors here and not empty strings.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined

from aidial_portal import words
from aidial_portal.words.folding import WordsEnvironment

from . import assets, calendars, charts, filters

if TYPE_CHECKING:
    from .context import BareContext, Page, ShellContext

_HERE = Path(__file__).resolve().parent
_SURFACES = _HERE.parent / "surfaces"


@cache
def environment(locale: words.Locale) -> WordsEnvironment:
    """A language's Jinja environment: autoescape on, undefined names fail, `<surface>/<file>` templates."""
    folders = {folder.parent.name: folder for folder in sorted(_SURFACES.glob("*/templates"))}
    env = WordsEnvironment(
        loader=ChoiceLoader(
            [
                FileSystemLoader(_HERE / "templates"),
                PrefixLoader({name: FileSystemLoader(folder) for name, folder in folders.items()}),
            ]
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    env.words = locale.words
    env.install_gettext_translations(locale.words, newstyle=True)  # type: ignore[attr-defined] # the extension's
    env.filters.update(filters.FILTERS)
    env.filters.update(
        calendar=calendars.calendar,
        calendar_place=calendars.calendar_place,
        calendar_day=calendars.calendar_day,
    )
    env.globals.update(
        _=locale.words.gettext,
        locale=locale,
        calendars=calendars.CALENDARS,
        asset_url=assets.asset_url,
        bar_geometry=charts.bar_geometry,
        heat_geometry=charts.heat_geometry,
        hour_label=charts.hour_label,
        week_days=tuple(zip(locale.writing.days, locale.writing.short_days, strict=True)),
        trend=filters.trend,
        redacted_pieces=filters.redacted_pieces,
    )
    return env


def render(page: Page, shell: ShellContext | BareContext | None = None) -> str:
    """The HTML of `page`: a whole document, or the fragment alone when the context is a fragment.

    Fragments (`CallReview`, `CallRowsFragment`, `AuditRowsFragment`) take no shell. A `BareContext` draws
    the page without rail.
    Raises jinja2.UndefinedError when a template asks for what its context does not have.
    """
    template = environment(words.spoken()).get_template(page.template)
    return template.render(page=page, shell=shell)
