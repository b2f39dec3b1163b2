"""The rows of sessions.

The one thing a newcomer would get wrong: signing out is everybody's and pending; managing one's list of
sessions is a permission of client roles and full.
"""

from __future__ import annotations

from typing import Any

from aidial_api.kernel.route import Access, AuthMode, Route, SessionNeed
from aidial_api.surfaces.sessions import backchannel, handlers, others, sms_codes
from aidial_contract.access import Permission
from aidial_contract.code_phones import mobile_rules
from aidial_contract.params import CUSTOMER_SESSION_PARAMS
from aidial_contract.scope import ScopeKind
from aidial_contract.shapes.sessions import (
    CustomerSessionList,
    EndSession,
    NewSession,
    RefreshLease,
    RegisteredSession,
    Revoked,
    SessionContext,
    SessionList,
    SessionStatus,
    SmsEnrolled,
    SmsEnrolment,
    StoredTokens,
    StoreTokens,
)

_CURRENT: dict[str, Any] = {
    "access": Access.PENDING,
    "auth": AuthMode.BEARER,
    "permission": Permission.SESSION_OWN,
    "scope": ScopeKind.SELF,
    "bucket": "session",
}
# What ends a session or carries its tokens must not wait for the tabs that ask how long it lasts: it is
# counted with everything of the person alone.
_UNHINDERED: dict[str, Any] = {**_CURRENT, "bucket": "reads"}
_MANAGED: dict[str, Any] = {
    **_CURRENT,
    "access": Access.FULL,
    "permission": Permission.SESSIONS_MANAGE_OWN,
}
_OTHERS: dict[str, Any] = {
    "access": Access.FULL,
    "auth": AuthMode.BEARER,
    "permission": Permission.CUSTOMER_USERS_MANAGE,
    "scope": ScopeKind.RECORD,
    "bucket": "reads",
    "path": "/v1/clients/{client_id}/users/{user_id}/sessions",
    "find": others.find,
}

_OF_CLIENT: dict[str, Any] = {name: told for name, told in _OTHERS.items() if name not in {"path", "find"}}

ROWS = (
    Route(
        **_OF_CLIENT,
        method="GET",
        path="/v1/clients/{client_id}/sessions",
        name="sessions.of_client",
        summary="A page of the live sessions of the users of a client you manage, the newest sign-in first.",
        handler=others.show_list_of_client,
        find=others.find_client,
        answers={200: CustomerSessionList},
        query=CUSTOMER_SESSION_PARAMS,
    ),
    Route(
        **_OF_CLIENT,
        method="DELETE",
        path="/v1/clients/{client_id}/sessions/{user_session_id}",
        name="sessions.revoke_one_of_client",
        summary="End one live session of a customer user of a client you manage.",
        handler=others.revoke_one,
        find=others.find_session,
        answers={204: None},
        writes=True,
    ),
    Route(
        **_OTHERS,
        method="GET",
        name="sessions.of_user",
        summary="The live sessions of a customer user of a client you manage.",
        handler=others.show_list,
        answers={200: SessionList},
    ),
    Route(
        **_OTHERS,
        method="DELETE",
        name="sessions.revoke_of_user",
        summary="End every session of a customer user of a client you manage.",
        handler=others.revoke,
        answers={200: Revoked},
        writes=True,
    ),
    Route(
        **{**_CURRENT, "auth": AuthMode.EITHER, "bucket": "reads"},
        method="GET",
        path="/v1/session-context",
        name="sessions.context",
        summary="Who you are and what you reach; for people before session and second factor, and for keys.",
        handler=handlers.show_context,
        answers={200: SessionContext},
        session=SessionNeed.OPTIONAL,
    ),
    Route(
        **_CURRENT,
        method="POST",
        path="/v1/sessions",
        name="sessions.create",
        summary="Register a session after a sign-in; the ID token says who, and with which factors.",
        handler=handlers.create,
        answers={201: RegisteredSession},
        session=SessionNeed.OPTIONAL,
        body=NewSession,
        writes=True,
        idempotent_create=True,
        errors=("token_invalid", "token_expired", "token_malformed"),
    ),
    backchannel.ROW,
    Route(
        **{**_CURRENT, "permission": Permission.MFA_ENROL_SMS},
        method="POST",
        path="/v1/second-factor/sms",
        name="sessions.enrol_sms",
        summary="Give your Australian mobile for codes by SMS, where AiDial let your organisation use them.",
        handler=sms_codes.enrol,
        answers={200: SmsEnrolled},
        find=sms_codes.find,
        body=SmsEnrolment,
        rules=(mobile_rules,),
        writes=True,
    ),
    Route(
        **_MANAGED,
        method="GET",
        path="/v1/sessions",
        name="sessions.list",
        summary="Your live sessions, the current one first.",
        handler=handlers.show_list,
        answers={200: SessionList},
    ),
    Route(
        **_MANAGED,
        method="POST",
        path="/v1/sessions/revoke-others",
        name="sessions.revoke_others",
        summary="End all your sessions but this one.",
        handler=handlers.revoke_others,
        answers={200: Revoked},
        writes=True,
    ),
    Route(
        **_MANAGED,
        method="DELETE",
        path="/v1/sessions/{session_id}",
        name="sessions.revoke",
        summary="End one of your sessions; ending this one is signing out.",
        handler=handlers.revoke,
        answers={204: None},
        find=handlers.find_own,
        writes=True,
    ),
    Route(
        **_CURRENT,
        method="GET",
        path="/v1/sessions/{session_id}/state",
        name="sessions.state",
        summary="How long this session has left; keeps nothing alive.",
        handler=handlers.show_state,
        answers={200: SessionStatus},
        find=handlers.find_current,
    ),
    Route(
        **_CURRENT,
        method="POST",
        path="/v1/sessions/{session_id}/touch",
        name="sessions.touch",
        summary="Keep this session alive; within 60 s of the last touch nothing is written.",
        handler=handlers.touch,
        answers={200: SessionStatus},
        find=handlers.find_current,
        writes=True,
    ),
    Route(
        **_UNHINDERED,
        method="POST",
        path="/v1/sessions/{session_id}/sign-out",
        name="sessions.sign_out",
        summary="End this session, for every role; an expired bearer will do.",
        handler=handlers.sign_out,
        answers={204: None},
        find=handlers.find_current,
        body=EndSession,
        writes=True,
        takes_expired_token=True,
    ),
    Route(
        **_UNHINDERED,
        method="POST",
        path="/v1/sessions/{session_id}/refresh-lease",
        name="sessions.lease",
        summary="Ask to be the one who refreshes the tokens, or for those stored; an expired bearer will do.",
        handler=handlers.lease,
        answers={200: RefreshLease},
        find=handlers.find_current,
        writes=True,
        takes_expired_token=True,
    ),
    Route(
        **_UNHINDERED,
        method="PUT",
        path="/v1/sessions/{session_id}/tokens",
        name="sessions.store_tokens",
        summary="Store fresh tokens, sealed, as the next generation (compare-and-set).",
        handler=handlers.store_tokens,
        answers={200: StoredTokens},
        find=handlers.find_current,
        body=StoreTokens,
        writes=True,
        errors=("version_conflict",),
    ),
)
