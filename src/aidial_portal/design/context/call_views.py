"""What the templates draw of saved views.

The one thing a newcomer would get wrong: a view's query is the list's own parameters, as texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class SavedView:
    """A saved view: its list, and the parameters it holds."""

    name: str
    url: str
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ViewsMenu:
    """Saved views to pick from, and the form that saves the list as it is.

    current is the name of the view the list shows; `query` is what would be saved, empty when nothing can be
    (no filter is applied, the view is saved already, or there are too many).
    """

    views: tuple[SavedView, ...] = ()
    current: str | None = None
    version: int = 1
    save_url: str = ""
    manage_url: str = ""
    query: tuple[tuple[str, str], ...] = ()
    leaves_out_caller: bool = False
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class CallViewsPage:
    """Saved views to rename and to delete. `needs_project`: they are one client's, and none is chosen."""

    template: ClassVar[str] = "calls/views.html"
    views: tuple[SavedView, ...]
    version: int
    save_url: str
    list_url: str
    needs_project: bool = False
    failure: str | None = None
