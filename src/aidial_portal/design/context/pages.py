"""Account, sign-in, errors and the components."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from aidial_portal.words import N_

if TYPE_CHECKING:
    from datetime import datetime

    from aidial_contract.shapes.profile import OwnProfile

    from .calls import CallReview, CallsPage
    from .dashboard import DashboardPage

SecurityState = Literal["required", "satisfied", "pending", "failed", "optional", "unavailable"]


@dataclass(frozen=True, slots=True)
class SecurityPanel:
    """Second factor: state, factors allowed by policy (totp, recovery_code, email_otp, sms_otp), set-up link.

    setup_url must be the trusted issuer's; None when it cannot be opened. refresh_url is a POST.
    """

    state: SecurityState
    allowed_factors: tuple[str, ...] = ()
    enrolled: bool | None = None
    challenged: bool | None = None
    setup_url: str | None = None
    refresh_url: str = "/api/session/mfa-refresh"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One of one's own sessions; the current one comes first and has no "Sign out" of its own."""

    session_id: str
    device: str
    location: str | None
    created_at: datetime
    last_active_at: datetime
    is_current: bool


@dataclass(frozen=True, slots=True)
class ProfileForm:
    """One's own profile, to change; `value` has the five members. languages: tags, own names."""

    version: int
    value: OwnProfile
    timezone: str
    now: datetime
    changed_at: datetime | None
    changed_by: str | None
    zones: tuple[str, ...]
    languages: tuple[tuple[str, str], ...]
    action: str = "/api/settings/profile"
    project_ref: str = ""
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Own profile, second factor, own sessions. `sessions` None: the role has no session list.

    `form`: the profile, for whoever changes their own.
    """

    template: ClassVar[str] = "account/page.html"
    timezone: str
    now: datetime
    profile: tuple[tuple[str, str], ...]
    security: SecurityPanel
    sessions: tuple[SessionRow, ...] | None = None
    form: ProfileForm | None = None
    failure: str | None = None
    is_gated: bool = False


@dataclass(frozen=True, slots=True)
class SignInPage:
    """An e-mail field, nothing else. `action` takes a form POST with csrfToken, callbackUrl, email.

    error: a sentence for the field (malformed address) or for the page (the issuer refused), else None.
    """

    template: ClassVar[str] = "sign_in/page.html"
    csrf_token: str
    callback_url: str = "/"
    email: str = ""
    error: str | None = None
    notice: str | None = None
    action: str = "/sign-in"


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """A failed page. Fixed texts for the common ones: `errors.not_found()`, `errors.access_denied()`, ..."""

    template: ClassVar[str] = "errors/page.html"
    status: int
    heading: str
    what_happened: str
    what_to_do: str
    whom_to_ask: str
    request_id: str
    home_url: str | None = "/"
    home_label: str = N_("Go to the start page")
    sign_out_csrf_token: str | None = None


@dataclass(frozen=True, slots=True)
class ComponentsPage:
    """`/ops/components`: the design system on one page; `examples.components()` builds it."""

    template: ClassVar[str] = "components/page.html"
    calls: CallsPage
    review: CallReview
    dashboard: DashboardPage
    account: AccountPage
