"""Every route of the API. The table is the router: a route exists only as a row of a surface.

The one thing a newcomer would get wrong: there is no other place to add one.
"""

from __future__ import annotations

from aidial_api.kernel.route import RouteTable
from aidial_api.surfaces.account_exports.routes import ROWS as ACCOUNT_EXPORTS
from aidial_api.surfaces.analytics.routes import ROWS as ANALYTICS
from aidial_api.surfaces.api_keys.routes import ROWS as API_KEYS
from aidial_api.surfaces.audit.routes import ROWS as AUDIT
from aidial_api.surfaces.billing.routes import ROWS as BILLING
from aidial_api.surfaces.calls.routes import ROWS as CALLS
from aidial_api.surfaces.calls.view_routes import ROWS as CALL_VIEWS
from aidial_api.surfaces.clients.routes import ROWS as CLIENTS
from aidial_api.surfaces.deletions.routes import ROWS as DELETIONS
from aidial_api.surfaces.entitlements.routes import ROWS as ENTITLEMENTS
from aidial_api.surfaces.governance.routes import ROWS as GOVERNANCE
from aidial_api.surfaces.health.routes import ROWS as HEALTH
from aidial_api.surfaces.ops.routes import ROWS as OPS
from aidial_api.surfaces.profile.routes import ROWS as PROFILE
from aidial_api.surfaces.projects.routes import ROWS as PROJECTS
from aidial_api.surfaces.recordings.routes import ROWS as RECORDINGS
from aidial_api.surfaces.registry.routes import ROWS as REGISTRY
from aidial_api.surfaces.reports.routes import ROWS as REPORTS
from aidial_api.surfaces.sessions.routes import ROWS as SESSIONS
from aidial_api.surfaces.settings.routes import ROWS as SETTINGS
from aidial_api.surfaces.status.routes import ROWS as STATUS
from aidial_api.surfaces.support.routes import ROWS as SUPPORT
from aidial_api.surfaces.unlocks.routes import ROWS as UNLOCKS
from aidial_api.surfaces.workspace.routes import ROWS as WORKSPACE

TABLE = RouteTable(
    (
        *HEALTH,
        *REGISTRY,
        *PROJECTS,
        *CALLS,
        *CALL_VIEWS,
        *UNLOCKS,
        *RECORDINGS,
        *ANALYTICS,
        *AUDIT,
        *CLIENTS,
        *API_KEYS,
        *BILLING,
        *WORKSPACE,
        *SESSIONS,
        *PROFILE,
        *SETTINGS,
        *REPORTS,
        *GOVERNANCE,
        *ENTITLEMENTS,
        *ACCOUNT_EXPORTS,
        *DELETIONS,
        *SUPPORT,
        *STATUS,
        *OPS,
    )
)
