"""The role table of the product, written out by hand and compared cell by cell."""

from __future__ import annotations

import pytest

from aidial_contract.access import (
    GRANTS,
    KEY_GRANTS,
    MFA_MANDATORY_ROLES,
    KeyScope,
    Permission,
    Role,
    key_holds,
    level_of,
)

COLUMNS = [
    "client_admin",
    "client_manager",
    "client_staff",
    "partner_admin",
    "partner_user",
    "aidial_admin",
    "aidial_operator",
]
# Rows as in section 1 of the product: a dash is a 404. Where the product's one row holds several rights
# ("view" and "edit"), there are several lines here.
TABLE = """
dashboard.view               full     full      masked              full      full    -     -
calls.view                   full     full      masked              full      masked  -     -
calls.review                 full     full      masked              full      masked  -     -
calls.keep_views             full     full      full                full      full    -     -
calls.search_caller          full     full      -                   full      full    -     -
calls.export                 full     metadata  metadata_masked     metadata  -       -     -
calls.export_sensitive       full     -         -                   -         -       -     -
calls.download_transcript    full     -         -                   -         -       -     -
recordings.play              policy   policy    policy_and_setting  -         -       -     -
recordings.download          policy   policy    -                   -         -       -     -
unlocks.request              full     full      -                   -         -       -     -
unlocks.approve              full     -         -                   -         -       -     -
unlocks.reveal               full     full      -                   -         -       -     -
support.use                  full     full      full                full      full    -     -
support.answer               -        -         -                   -         -       full  full
billing.view                 full     full      -                   full      -       -     -
billing.choose_client        -        -         -                   full      -       -     -
billing.edit_recipients      full     -         -                   -         -       -     -
billing.open_payment_portal  full     full      -                   -         -       -     -
project_settings.view        full     summary   -                   summary   -       -     -
project_settings.edit        full     -         -                   -         -       -     -
tenant_settings.view         full     summary   -                   -         -       -     -
tenant_settings.edit         full     -         -                   -         -       -     -
ip_allowlist.view            full     summary   -                   -         -       -     -
ip_allowlist.edit            full     -         -                   -         -       -     -
notifications.view           full     summary   -                   -         -       -     -
notifications.edit           full     -         -                   -         -       -     -
profile.view                 full     full      full                full      full    full  full
profile.edit                 full     -         -                   -         -       -     -
sessions.manage_own          full     full      full                -         -       -     -
mfa.enrol_sms                full     -         -                   full      -       -     -
account_exports.manage       full     -         -                   -         -       -     -
deletions.submit             full     -         -                   -         -       -     -
deletions.review             -        -         -                   full      -       full  -
governance.edit              -        -         -                   full      -       full  -
entitlements.view            full     summary   -                   full      -       full  -
entitlements.edit            -        -         -                   full      -       full  -
reports.history              full     full      history             -         -       -     -
reports.view                 full     summary   -                   -         -       -     -
reports.edit                 full     -         -                   -         -       -     -
ops.view                     -        -         -                   -         -       full  full
ops.manage                   -        -         -                   -         -       full  -
audit.view                   full     metadata  -                   -         -       -     -
status.view                  full     full      full                full      full    full  full
status.publish               -        -         -                   -         -       full  full
clients.view                 -        -         -                   full      summary -     -
clients.manage               -        -         -                   full      -       -     -
team.view                    -        -         -                   full      full    -     -
team.manage                  -        -         -                   full      -       -     -
customer_users.manage        -        -         -                   full      -       -     -
api_keys.view                -        -         -                   full      full    full  full
api_keys.manage              -        -         -                   full      -       full  -
workspace.view               -        -         -                   full      full    -     -
workspace.manage             -        -         -                   full      -       -     -
campaigns.view               -        -         -                   full      full    -     -
campaigns.manage             -        -         -                   full      -       -     -
integrations.view            -        -         -                   full      full    -     -
integrations.manage          -        -         -                   full      -       -     -
session.own                  full     full      full                full      full    full  full
projects.view                full     full      full                full      full    -     -
calls.deliver                -        -         -                   -         -       -     -
runtime_config.read          -        -         -                   -         -       -     -
"""
EXPECTED = {line.split()[0]: line.split()[1:] for line in TABLE.strip().splitlines()}


def test_the_table_and_the_code_know_the_same_roles_and_permissions() -> None:
    assert [str(role) for role in Role] == COLUMNS
    assert set(EXPECTED) == {str(permission) for permission in Permission}
    assert set(GRANTS) == set(Permission)


@pytest.mark.parametrize("permission", list(Permission))
@pytest.mark.parametrize("role", list(Role))
def test_every_role_holds_what_the_table_says(permission: Permission, role: Role) -> None:
    level = level_of(role, permission)
    assert str(level or "-") == EXPECTED[permission][COLUMNS.index(role)]


def test_partner_admins_and_internal_roles_need_a_second_factor() -> None:
    assert {str(role) for role in MFA_MANDATORY_ROLES} == {"partner_admin", "aidial_admin", "aidial_operator"}


READ = {
    "calls.view",
    "calls.search_caller",
    "calls.review",
    "calls.export",
    "projects.view",
    "dashboard.view",
    "status.view",
    "session.own",
    "runtime_config.read",
}
MANAGE = READ | {"calls.deliver"}


@pytest.mark.parametrize(
    ("scope", "held"), [(KeyScope.READ, READ), (KeyScope.MANAGE, MANAGE), (KeyScope.ADMIN, MANAGE)]
)
def test_keys_hold_what_their_scope_says_and_no_more(scope: KeyScope, held: set[str]) -> None:
    assert {str(permission) for permission in Permission if key_holds(scope, permission)} == held


def test_no_key_makes_or_changes_keys() -> None:
    assert Permission.API_KEYS_MANAGE not in KEY_GRANTS
    assert Permission.API_KEYS_VIEW not in KEY_GRANTS
