"""What each template expects. A handler builds one of these and calls `engine.render(page, shell)`.

Newcomers get this wrong: values arrive RAW (aware datetimes, whole seconds, E.164 numbers) and templates
format them; a handler that formats first gets it formatted twice. Addresses (`*_url`) are same-origin paths
that the handler builds with `links.with_query`, because only it knows which state the page is in.
"""

from __future__ import annotations

from .audit import AuditFact, AuditFilters, AuditPage, AuditRow, AuditRowsFragment
from .billing import (
    BilledClient,
    BillingFrame,
    BillingPage,
    HowToPayPage,
    InvoicePage,
    InvoiceRow,
    InvoicesPage,
    PartnerBillingPage,
    PaymentPage,
    RecipientsPage,
    UsagePage,
)
from .call_views import CallViewsPage, SavedView, ViewsMenu
from .calls import (
    CallExport,
    CallFilters,
    CallReview,
    CallRow,
    CallRowsFragment,
    CallsPage,
    MoreTurns,
    Player,
    Redaction,
    Turn,
    Voice,
)
from .dashboard import (
    Bar,
    BarChart,
    BarTable,
    Better,
    ClientShare,
    ClientTable,
    DashboardPage,
    DayRange,
    HeatMap,
    Kpi,
    KpiKind,
    Share,
)
from .ops import (
    IncidentPage,
    NewIncidentPage,
    OpsCell,
    OpsHomePage,
    OpsListPage,
    OpsRowsFragment,
    OpsTile,
)
from .pages import (
    AccountPage,
    ComponentsPage,
    ErrorPage,
    ProfileForm,
    SecurityPanel,
    SecurityState,
    SessionRow,
    SignInPage,
)
from .settings import (
    ActiveSessionsPage,
    ChangedField,
    ChangeRow,
    CustomerPerson,
    CustomerSessionsPage,
    DeletionsPage,
    DeliveryShown,
    EntitlementsPage,
    ExportsFragment,
    ExportsPage,
    GovernancePage,
    Menu,
    MonthShown,
    ReportsParts,
    SectionGroup,
    SectionLink,
    SettingsHistoryPage,
    SettingsPage,
    Walk,
)
from .shell import (
    BareContext,
    Chip,
    Choice,
    Density,
    Incident,
    ListState,
    NavItem,
    ProjectChoice,
    SearchBox,
    Select,
    ShellContext,
    TextFilter,
    Theme,
    Tone,
)
from .status import (
    IncidentShown,
    IncidentUpdateShown,
    PartShown,
    ProjectHealthShown,
    StatusFragment,
    StatusPage,
)
from .support import (
    NewTicketPage,
    RecentCall,
    SupportPage,
    SupportRowsFragment,
    TicketEntryShown,
    TicketFilters,
    TicketPage,
    TicketRow,
)
from .unlocks import UnlockedPage, UnlockPanel, UnlocksPage
from .workspace import ProjectPage, WorkspacePage, WorkspaceRow

Page = (
    AccountPage
    | ActiveSessionsPage
    | AuditPage
    | AuditRowsFragment
    | BillingPage
    | CallReview
    | CallRowsFragment
    | CallsPage
    | CallViewsPage
    | ComponentsPage
    | CustomerSessionsPage
    | DashboardPage
    | DeletionsPage
    | EntitlementsPage
    | ErrorPage
    | ExportsFragment
    | ExportsPage
    | GovernancePage
    | IncidentPage
    | NewIncidentPage
    | NewTicketPage
    | OpsHomePage
    | OpsListPage
    | OpsRowsFragment
    | ProjectPage
    | SettingsHistoryPage
    | SettingsPage
    | SignInPage
    | StatusFragment
    | StatusPage
    | SupportPage
    | SupportRowsFragment
    | TicketPage
    | UnlockPanel
    | UnlockedPage
    | UnlocksPage
    | WorkspacePage
)

__all__ = [
    "AccountPage",
    "ActiveSessionsPage",
    "AuditFact",
    "AuditFilters",
    "AuditPage",
    "AuditRow",
    "AuditRowsFragment",
    "Bar",
    "BarChart",
    "BarTable",
    "BareContext",
    "Better",
    "BilledClient",
    "BillingFrame",
    "BillingPage",
    "CallExport",
    "CallFilters",
    "CallReview",
    "CallRow",
    "CallRowsFragment",
    "CallViewsPage",
    "CallsPage",
    "ChangeRow",
    "ChangedField",
    "Chip",
    "Choice",
    "ClientShare",
    "ClientTable",
    "ComponentsPage",
    "CustomerPerson",
    "CustomerSessionsPage",
    "DashboardPage",
    "DayRange",
    "DeletionsPage",
    "DeliveryShown",
    "Density",
    "EntitlementsPage",
    "ErrorPage",
    "ExportsFragment",
    "ExportsPage",
    "GovernancePage",
    "HeatMap",
    "HowToPayPage",
    "Incident",
    "IncidentPage",
    "IncidentShown",
    "IncidentUpdateShown",
    "InvoicePage",
    "InvoiceRow",
    "InvoicesPage",
    "Kpi",
    "KpiKind",
    "ListState",
    "Menu",
    "MonthShown",
    "MoreTurns",
    "NavItem",
    "NewIncidentPage",
    "NewTicketPage",
    "OpsCell",
    "OpsHomePage",
    "OpsListPage",
    "OpsRowsFragment",
    "OpsTile",
    "Page",
    "PartShown",
    "PartnerBillingPage",
    "PaymentPage",
    "Player",
    "ProfileForm",
    "ProjectChoice",
    "ProjectHealthShown",
    "ProjectPage",
    "RecentCall",
    "RecipientsPage",
    "Redaction",
    "ReportsParts",
    "SavedView",
    "SearchBox",
    "SectionGroup",
    "SectionLink",
    "SecurityPanel",
    "SecurityState",
    "Select",
    "SessionRow",
    "SettingsHistoryPage",
    "SettingsPage",
    "Share",
    "ShellContext",
    "SignInPage",
    "StatusFragment",
    "StatusPage",
    "SupportPage",
    "SupportRowsFragment",
    "TextFilter",
    "Theme",
    "TicketEntryShown",
    "TicketFilters",
    "TicketPage",
    "TicketRow",
    "Tone",
    "Turn",
    "UnlockPanel",
    "UnlockedPage",
    "UnlocksPage",
    "UsagePage",
    "ViewsMenu",
    "Voice",
    "Walk",
    "WorkspacePage",
    "WorkspaceRow",
]
