"""Who am I, and what do I reach: `GET /v1/session-context`, for people, keys and service accounts.

The one thing a newcomer would get wrong: it answers people whom everything else refuses: without an
assignment, without the second factor, before they have a session. It tells them only about themselves.
"""

from __future__ import annotations

from aidial_api.kernel import incidents
from aidial_api.kernel.actor import KeyHolder, Person
from aidial_api.kernel.ask import Ask
from aidial_api.surfaces.sessions import sms_codes, store
from aidial_contract.access import Role
from aidial_contract.shapes.sessions import (
    ContextClient,
    ContextIncident,
    ContextKey,
    ContextProject,
    ContextService,
    ContextUser,
    MfaPolicy,
    MfaState,
    SessionContext,
)

# What the issuer may ask of a role; codes by SMS only where AiDial let an organisation use them.
EVERY_ROLES_FACTORS = ("totp", "recovery_code")
BANNERS = 5
EMAIL_CODE_ROLES = frozenset({Role.CLIENT_ADMIN, Role.PARTNER_ADMIN})


async def describe(ask: Ask) -> SessionContext:
    """The asker: identity, role, tenant, reach with its names, second factor."""
    rows = await store.list_clients(ask.tx, ask.reach)
    clients = [
        ContextClient(client_id=row["client_id"], name=row["name"], timezone=row["timezone"]) for row in rows
    ]
    projects = [
        ContextProject(
            project_id=str(row["project_id"]),
            client_id=row["client_id"],
            display_name=row["display_name"],
            timezone=row["timezone"],
            is_active=row["is_active"],
        )
        for row in await store.list_projects(ask.tx, ask.reach)
    ]
    person = ask.actor.person
    known = _of_key(ask, clients, projects) if person is None else _of_person(ask, person, clients, projects)
    if person is not None and sms_codes.is_offered(
        person.role, rows, can_enrol=ask.services.factors.can_enrol
    ):
        known.mfa.allowed_factors.append(sms_codes.FACTOR)
    known.incidents = await _incidents(ask)
    return known


async def _incidents(ask: Ask) -> list[ContextIncident]:
    return [
        ContextIncident(
            incident_id=str(row["incident_id"]),
            severity=row["severity"],
            state=row["state"],
            title=row["title"],
            version=row["version"],
        )
        for row in await incidents.active(ask.tx, ask.reach, BANNERS)
    ]


def _of_person(
    ask: Ask, person: Person, clients: list[ContextClient], projects: list[ContextProject]
) -> SessionContext:
    return SessionContext(
        actor="user",
        assigned=person.role is not None,
        role=person.role,
        user=_user(person),
        key=None,
        client_id=person.client_id,
        tenant_name=person.tenant_name,
        tenant_status=person.tenant_status,
        partner_org=person.partner_org_id,
        clients=clients,
        projects=projects,
        mfa=mfa_policy(person, shown=ask.session is not None and ask.session.mfa_satisfied),
    )


def _user(person: Person) -> ContextUser | None:
    """The registered person; nothing is known of a stranger."""
    if not person.user_id:
        return None
    return ContextUser(
        user_id=person.user_id,
        email=person.email,
        first_name=person.first_name,
        last_name=person.last_name,
        mobile=None,
        timezone=person.timezone,
        language=person.language,
    )


def mfa_policy(person: Person, *, shown: bool) -> MfaPolicy:
    """What is asked of a person, and what this session has shown."""
    state: MfaState = "satisfied" if shown else "required" if person.mfa_required else "optional"
    factors: tuple[str, ...] = EVERY_ROLES_FACTORS if person.role else ()
    if person.role in EMAIL_CODE_ROLES:
        factors = (*factors, "email_otp")
    return MfaPolicy(
        required=person.mfa_required, satisfied=shown, state=state, allowed_factors=list(factors)
    )


def _of_key(ask: Ask, clients: list[ContextClient], projects: list[ContextProject]) -> SessionContext:
    key = ask.actor.key
    if key is None:
        raise RuntimeError("an actor is a person or a key")
    by_service = ask.actor.kind == "service"
    return SessionContext(
        actor="service" if by_service else "key",
        assigned=bool(ask.reach.client_ids),
        role=None,
        user=None,
        key=None if by_service else _key(key),
        client_id=key.client_id,
        tenant_name=next((one.name for one in clients if one.client_id == key.client_id), None),
        tenant_status=key.client_lifecycle,
        partner_org=None,
        clients=clients,
        projects=projects,
        mfa=MfaPolicy(required=False, satisfied=False, state="unavailable", allowed_factors=[]),
        service=_service(ask.actor.label, key) if by_service else None,
    )


def _key(key: KeyHolder) -> ContextKey:
    return ContextKey(
        api_key_id=key.api_key_id,
        scope=key.scope,
        environment=key.environment,
        expires_at=key.expires_at,
    )


def _service(name: str, key: KeyHolder) -> ContextService:
    return ContextService(service_account_id=key.api_key_id, name=name, scope=key.scope)
