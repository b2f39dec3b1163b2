"""The shell around a page and the parts pages share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aidial_portal.words import N_

Theme = Literal["system", "light", "dark"]
Density = Literal["comfortable", "compact"]
Tone = Literal["neutral", "good", "warn", "bad"]
ListState = Literal["ready", "no_data", "no_match", "not_available"]


@dataclass(frozen=True, slots=True)
class NavItem:
    """One place the role may open.

    `icon` is a name of `macros/icons.html`: dashboard, calls, support, billing, activity, settings, status,
    clients, projects, campaigns, integrations, team, operations, account.
    """

    label: str
    url: str
    icon: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class ProjectChoice:
    """A project in the switcher; `url` is this page (or the dashboard) with that project chosen."""

    project_id: str
    name: str
    url: str
    client_name: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """A banner above everything: an incident that concerns the reader.

    `dismiss` is what hides it until it is updated, empty for one that cannot be hidden.
    """

    title: str
    detail: str
    url: str = "/status"
    tone: Tone = "warn"
    dismiss: str = ""


@dataclass(frozen=True, slots=True)
class SearchBox:
    """The search of the top bar (a GET form). `hidden` keeps state such as `("project_id", "...")`."""

    action: str = "/calls"
    value: str = ""
    label: str = N_("Search call summaries")
    hidden: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ShellContext:
    """Everything around a signed-in page.

    csrf_token: the portal's own token (`X-CSRF-Token` header, `<meta name="csrf-token">`).
    auth_csrf_token: next-auth's token, the `csrfToken` field of the sign-out form. They are not the same.
    csp_nonce: the nonce of this response's `script-src`.
    theme, density: from the cookies `aidial.theme` and `aidial.density` (unknown value: the default).
    """

    user_name: str
    role_label: str
    tenant_name: str
    nav: tuple[NavItem, ...]
    csrf_token: str
    auth_csrf_token: str
    csp_nonce: str
    request_id: str
    projects: tuple[ProjectChoice, ...] = ()
    current_project: ProjectChoice | None = None
    all_projects_url: str | None = None
    theme: Theme = "system"
    density: Density = "comfortable"
    search: SearchBox | None = None
    incidents: tuple[Incident, ...] = ()
    account_url: str = "/account"


@dataclass(frozen=True, slots=True)
class BareContext:
    """What a page without a signed-in shell needs (sign-in, access denied, errors before a session)."""

    csp_nonce: str
    request_id: str
    theme: Theme = "system"


@dataclass(frozen=True, slots=True)
class Chip:
    """An applied filter and the address of the same list without it."""

    label: str
    value: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One option: of a range switch (`url`) or of a select (`value`)."""

    label: str
    value: str = ""
    url: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class TextFilter:
    """A filter that is typed. `suggestions` are (value, words) known from the page; others may be typed."""

    name: str
    label: str
    value: str = ""
    inputmode: Literal["text", "numeric"] = "text"
    suggestions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Select:
    """A filter drawn as a select. The first choice is "Any" with an empty value."""

    name: str
    label: str
    choices: tuple[Choice, ...]
