"""Roles, permissions and grants: the whole role table of `product.md` section 1, as data.

Menus, guards, docs and tests are drawn from it. The one thing a newcomer would get wrong: an absent grant
is the table's `-`, and every `-` is the same 404 as a missing thing; a handler never looks at a role.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """The seven roles of people."""

    CLIENT_ADMIN = "client_admin"
    CLIENT_MANAGER = "client_manager"
    CLIENT_STAFF = "client_staff"
    PARTNER_ADMIN = "partner_admin"
    PARTNER_USER = "partner_user"
    AIDIAL_ADMIN = "aidial_admin"
    AIDIAL_OPERATOR = "aidial_operator"


CLIENT_ROLES: Final = frozenset({Role.CLIENT_ADMIN, Role.CLIENT_MANAGER, Role.CLIENT_STAFF})
PARTNER_ROLES: Final = frozenset({Role.PARTNER_ADMIN, Role.PARTNER_USER})
INTERNAL_ROLES: Final = frozenset({Role.AIDIAL_ADMIN, Role.AIDIAL_OPERATOR})
MFA_MANDATORY_ROLES: Final = frozenset({Role.PARTNER_ADMIN, Role.AIDIAL_ADMIN, Role.AIDIAL_OPERATOR})


class KeyScope(StrEnum):
    """What an API key may do, weakest first."""

    READ = "read"
    MANAGE = "manage"
    ADMIN = "admin"


KEY_SCOPE_ORDER: Final = {KeyScope.READ: 0, KeyScope.MANAGE: 1, KeyScope.ADMIN: 2}


class Permission(StrEnum):
    """What a row of a route table asks for. The word before the dot is the surface."""

    DASHBOARD_VIEW = "dashboard.view"
    CALLS_VIEW = "calls.view"
    CALLS_SEARCH_CALLER = "calls.search_caller"
    CALLS_EXPORT = "calls.export"
    CALLS_EXPORT_SENSITIVE = "calls.export_sensitive"
    CALLS_DOWNLOAD_TRANSCRIPT = "calls.download_transcript"
    CALLS_REVIEW = "calls.review"
    CALLS_KEEP_VIEWS = "calls.keep_views"
    RECORDINGS_PLAY = "recordings.play"
    RECORDINGS_DOWNLOAD = "recordings.download"
    UNLOCKS_REQUEST = "unlocks.request"
    UNLOCKS_APPROVE = "unlocks.approve"
    UNLOCKS_REVEAL = "unlocks.reveal"
    SUPPORT_USE = "support.use"
    SUPPORT_ANSWER = "support.answer"
    BILLING_VIEW = "billing.view"
    BILLING_CHOOSE_CLIENT = "billing.choose_client"
    BILLING_EDIT_RECIPIENTS = "billing.edit_recipients"
    BILLING_OPEN_PAYMENT_PORTAL = "billing.open_payment_portal"
    PROJECT_SETTINGS_VIEW = "project_settings.view"
    PROJECT_SETTINGS_EDIT = "project_settings.edit"
    TENANT_SETTINGS_VIEW = "tenant_settings.view"
    TENANT_SETTINGS_EDIT = "tenant_settings.edit"
    IP_ALLOWLIST_VIEW = "ip_allowlist.view"
    IP_ALLOWLIST_EDIT = "ip_allowlist.edit"
    NOTIFICATIONS_VIEW = "notifications.view"
    NOTIFICATIONS_EDIT = "notifications.edit"
    PROFILE_VIEW = "profile.view"
    PROFILE_EDIT = "profile.edit"
    SESSIONS_MANAGE_OWN = "sessions.manage_own"
    ACCOUNT_EXPORTS_MANAGE = "account_exports.manage"
    DELETIONS_SUBMIT = "deletions.submit"
    DELETIONS_REVIEW = "deletions.review"
    GOVERNANCE_EDIT = "governance.edit"
    ENTITLEMENTS_VIEW = "entitlements.view"
    ENTITLEMENTS_EDIT = "entitlements.edit"
    REPORTS_HISTORY = "reports.history"
    REPORTS_VIEW = "reports.view"
    REPORTS_EDIT = "reports.edit"
    OPS_VIEW = "ops.view"
    OPS_MANAGE = "ops.manage"
    AUDIT_VIEW = "audit.view"
    STATUS_VIEW = "status.view"
    STATUS_PUBLISH = "status.publish"
    CLIENTS_VIEW = "clients.view"
    CLIENTS_MANAGE = "clients.manage"
    TEAM_VIEW = "team.view"
    TEAM_MANAGE = "team.manage"
    CUSTOMER_USERS_MANAGE = "customer_users.manage"
    API_KEYS_VIEW = "api_keys.view"
    API_KEYS_MANAGE = "api_keys.manage"
    WORKSPACE_VIEW = "workspace.view"
    WORKSPACE_MANAGE = "workspace.manage"
    CAMPAIGNS_VIEW = "campaigns.view"
    CAMPAIGNS_MANAGE = "campaigns.manage"
    INTEGRATIONS_VIEW = "integrations.view"
    INTEGRATIONS_MANAGE = "integrations.manage"
    SESSION_OWN = "session.own"
    MFA_ENROL_SMS = "mfa.enrol_sms"
    CALLS_DELIVER = "calls.deliver"
    PROJECTS_VIEW = "projects.view"
    RUNTIME_CONFIG_READ = "runtime_config.read"


class Level(StrEnum):
    """How much of a permission a role holds; the surface says what each level shows.

    `full` is the whole thing; `masked`: caller numbers masked; `metadata`: no sensitive columns;
    `summary`: a smaller document; `policy`: subject to the tenant's policy as well.
    """

    FULL = "full"
    MASKED = "masked"
    METADATA = "metadata"
    METADATA_MASKED = "metadata_masked"
    SUMMARY = "summary"
    POLICY = "policy"
    POLICY_AND_SETTING = "policy_and_setting"
    HISTORY = "history"


_P = Permission
_F = Level.FULL
_A, _M, _S, _PA, _PU, _IA, _IO = Role

_EVERYONE: Final = dict.fromkeys(Role, _F)

GRANTS: Final[dict[Permission, dict[Role, Level]]] = {
    _P.DASHBOARD_VIEW: {_A: _F, _M: _F, _S: Level.MASKED, _PA: _F, _PU: _F},
    _P.CALLS_VIEW: {_A: _F, _M: _F, _S: Level.MASKED, _PA: _F, _PU: Level.MASKED},
    _P.CALLS_SEARCH_CALLER: {_A: _F, _M: _F, _PA: _F, _PU: _F},
    _P.CALLS_EXPORT: {
        _A: _F,
        _M: Level.METADATA,
        _S: Level.METADATA_MASKED,
        _PA: Level.METADATA,
    },
    _P.CALLS_EXPORT_SENSITIVE: {_A: _F},
    _P.CALLS_DOWNLOAD_TRANSCRIPT: {_A: _F},
    _P.CALLS_REVIEW: {_A: _F, _M: _F, _S: Level.MASKED, _PA: _F, _PU: Level.MASKED},
    _P.CALLS_KEEP_VIEWS: {_A: _F, _M: _F, _S: _F, _PA: _F, _PU: _F},
    _P.RECORDINGS_PLAY: {_A: Level.POLICY, _M: Level.POLICY, _S: Level.POLICY_AND_SETTING},
    _P.RECORDINGS_DOWNLOAD: {_A: Level.POLICY, _M: Level.POLICY},
    _P.UNLOCKS_REQUEST: {_A: _F, _M: _F},
    _P.UNLOCKS_APPROVE: {_A: _F},
    _P.UNLOCKS_REVEAL: {_A: _F, _M: _F},
    _P.SUPPORT_USE: {_A: _F, _M: _F, _S: _F, _PA: _F, _PU: _F},
    _P.SUPPORT_ANSWER: {_IA: _F, _IO: _F},
    _P.BILLING_VIEW: {_A: _F, _M: _F, _PA: _F},
    _P.BILLING_CHOOSE_CLIENT: {_PA: _F},
    _P.BILLING_EDIT_RECIPIENTS: {_A: _F},
    _P.BILLING_OPEN_PAYMENT_PORTAL: {_A: _F, _M: _F},
    _P.PROJECT_SETTINGS_VIEW: {_A: _F, _M: Level.SUMMARY, _PA: Level.SUMMARY},
    _P.PROJECT_SETTINGS_EDIT: {_A: _F},
    _P.TENANT_SETTINGS_VIEW: {_A: _F, _M: Level.SUMMARY},
    _P.TENANT_SETTINGS_EDIT: {_A: _F},
    _P.IP_ALLOWLIST_VIEW: {_A: _F, _M: Level.SUMMARY},
    _P.IP_ALLOWLIST_EDIT: {_A: _F},
    _P.NOTIFICATIONS_VIEW: {_A: _F, _M: Level.SUMMARY},
    _P.NOTIFICATIONS_EDIT: {_A: _F},
    _P.PROFILE_VIEW: _EVERYONE,
    _P.PROFILE_EDIT: {_A: _F},
    _P.SESSIONS_MANAGE_OWN: {_A: _F, _M: _F, _S: _F},
    _P.ACCOUNT_EXPORTS_MANAGE: {_A: _F},
    _P.DELETIONS_SUBMIT: {_A: _F},
    _P.DELETIONS_REVIEW: {_PA: _F, _IA: _F},
    _P.GOVERNANCE_EDIT: {_PA: _F, _IA: _F},
    _P.ENTITLEMENTS_VIEW: {_A: _F, _M: Level.SUMMARY, _PA: _F, _IA: _F},
    _P.ENTITLEMENTS_EDIT: {_PA: _F, _IA: _F},
    _P.REPORTS_HISTORY: {_A: _F, _M: _F, _S: Level.HISTORY},
    _P.REPORTS_VIEW: {_A: _F, _M: Level.SUMMARY},
    _P.REPORTS_EDIT: {_A: _F},
    _P.OPS_VIEW: {_IA: _F, _IO: _F},
    _P.OPS_MANAGE: {_IA: _F},
    _P.AUDIT_VIEW: {_A: _F, _M: Level.METADATA},
    _P.STATUS_VIEW: _EVERYONE,
    _P.STATUS_PUBLISH: {_IA: _F, _IO: _F},
    _P.CLIENTS_VIEW: {_PA: _F, _PU: Level.SUMMARY},
    _P.CLIENTS_MANAGE: {_PA: _F},
    _P.TEAM_VIEW: {_PA: _F, _PU: _F},
    _P.TEAM_MANAGE: {_PA: _F},
    _P.CUSTOMER_USERS_MANAGE: {_PA: _F},
    _P.API_KEYS_VIEW: {_PA: _F, _PU: _F, _IA: _F, _IO: _F},
    _P.API_KEYS_MANAGE: {_PA: _F, _IA: _F},
    _P.WORKSPACE_VIEW: {_PA: _F, _PU: _F},
    _P.WORKSPACE_MANAGE: {_PA: _F},
    _P.CAMPAIGNS_VIEW: {_PA: _F, _PU: _F},
    _P.CAMPAIGNS_MANAGE: {_PA: _F},
    _P.INTEGRATIONS_VIEW: {_PA: _F, _PU: _F},
    _P.INTEGRATIONS_MANAGE: {_PA: _F},
    _P.SESSION_OWN: _EVERYONE,
    _P.MFA_ENROL_SMS: {_A: _F, _PA: _F},
    _P.CALLS_DELIVER: {},
    _P.RUNTIME_CONFIG_READ: {},
    _P.PROJECTS_VIEW: {_A: _F, _M: _F, _S: _F, _PA: _F, _PU: _F},
}

KEY_GRANTS: Final[dict[Permission, KeyScope]] = {
    _P.CALLS_VIEW: KeyScope.READ,
    _P.CALLS_SEARCH_CALLER: KeyScope.READ,
    _P.CALLS_REVIEW: KeyScope.READ,
    _P.CALLS_EXPORT: KeyScope.READ,
    _P.CALLS_DELIVER: KeyScope.MANAGE,
    _P.PROJECTS_VIEW: KeyScope.READ,
    _P.RUNTIME_CONFIG_READ: KeyScope.READ,
    _P.DASHBOARD_VIEW: KeyScope.READ,
    _P.SESSION_OWN: KeyScope.READ,
    _P.STATUS_VIEW: KeyScope.READ,
}
"""The least key scope that holds a permission; an absent one is never a key's."""


def level_of(role: Role, permission: Permission) -> Level | None:
    """How much of `permission` a role holds; None is the table's `-`."""
    return GRANTS[permission].get(role)


def key_holds(scope: KeyScope, permission: Permission) -> bool:
    """Whether a key of `scope` holds `permission`; a stronger scope includes the weaker."""
    least = KEY_GRANTS.get(permission)
    return least is not None and KEY_SCOPE_ORDER[scope] >= KEY_SCOPE_ORDER[least]
