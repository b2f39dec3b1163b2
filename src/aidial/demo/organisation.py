"""The demo's organisation into the database and into the identity provider: idempotent, at every start."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg

from aidial.seed.tenants import CLIENTS, KEYS, PARTNER, PEOPLE, DemoPerson
from aidial.seed.tickets import TICKETS, DemoTicket
from aidial.stops import CommandStopped, Exit
from aidial_api.kernel.db import DatabaseRefused, DatabaseUnavailable
from aidial_api.past_tickets import PastTicket, TicketWriter, add_ticket
from aidial_api.provisioning import NewClient, NewPerson, NewProject, Provisioner
from aidial_contract.access import INTERNAL_ROLES, Role
from aidial_contract.ids import new_id
from aidial_identity import Account, Client, IdentityConfig
from aidial_identity.config import save_config

if TYPE_CHECKING:
    from pathlib import Path

    from aidial.demo.environment import Effective
    from aidial.demo.memory import Secrets

CALLBACK_PATH = "/api/auth/callback/zitadel"
SIGNED_OUT_PATH = "/sign-in"
BACKCHANNEL_PATH = "/api/auth/backchannel-logout"


async def provision(known: Effective, secrets: Secrets) -> None:
    """Partner, clients, people and keys as `aidial.seed.tenants` lists them."""
    maker = Provisioner(known.owner_url, known.master_key, known.issuer)
    try:
        await maker.require_master_key()
        await maker.add_partner(PARTNER.partner_org_id, PARTNER.name)
        for client in CLIENTS:
            business = client.business
            await maker.add_client(
                NewClient(
                    client_id=business.client_id,
                    name=business.name,
                    timezone=business.timezone,
                    partner_org_id=client.managed_by,
                    web_domain=business.domain,
                    contact_email=f"office@{business.domain}",
                    projects=tuple(
                        NewProject(
                            project_id=project.project_id,
                            display_name=project.name,
                            timezone=business.timezone,
                        )
                        for project in business.projects
                    ),
                )
            )
            await maker.publish_projects(business.client_id)
        for person in PEOPLE:
            await maker.add_person(_new_person(person))
        for key in KEYS:
            await maker.add_key(
                key.client_id, secrets.api_key(key), scope=key.scope, description=key.description
            )
        now = datetime.now(UTC)
        for ticket in TICKETS:
            await add_ticket(known.owner_url, known.master_key, _past(ticket, now))
    except DatabaseRefused as refused:
        raise CommandStopped(str(refused), Exit.CONFIGURATION) from None
    except (DatabaseUnavailable, asyncpg.PostgresError) as problem:
        raise CommandStopped(f"the database refused the demo's data: {problem}", Exit.UNAVAILABLE) from None


async def count_up(known: Effective) -> None:
    """After the calls were delivered, so that the first page somebody opens is as quick as any."""
    try:
        await Provisioner(known.owner_url, known.master_key, known.issuer).count_up()
    except (DatabaseUnavailable, asyncpg.PostgresError) as problem:
        raise CommandStopped(
            f"the database could not count the demo's data: {problem}", Exit.UNAVAILABLE
        ) from None


def _new_person(person: DemoPerson) -> NewPerson:
    owners = {project_id: client.client_id for client in CLIENTS for project_id in client.project_ids}
    role = Role(person.role)
    client_id = person.client_ids[0] if person.client_ids and person.partner_org_id is None else None
    return NewPerson(
        user_id=person.user_id,
        email=person.email,
        first_name=person.given,
        last_name=person.surname,
        role=role,
        client_id=client_id,
        partner_org_id=person.partner_org_id,
        projects=tuple((owners[project_id], project_id) for project_id in person.project_ids),
    )


def _past(ticket: DemoTicket, now: datetime) -> PastTicket:
    at = now - timedelta(days=ticket.days_ago)
    return PastTicket(
        client_id=ticket.business.client_id,
        ticket_id=ticket.ticket_id,
        project_id=ticket.project_id,
        status=ticket.status,
        priority=ticket.priority,
        category=ticket.category,
        subject=ticket.subject,
        body=ticket.body,
        by=_writer(ticket.by),
        at=at,
        owner=_writer(ticket.owner) if ticket.owner else None,
        comments=tuple(
            (new_id(), _writer(one.by), one.body, at + timedelta(hours=one.hours_later))
            for one in ticket.comments
        ),
    )


def _writer(person: DemoPerson) -> TicketWriter:
    return TicketWriter(
        user_id=person.user_id,
        name=f"{person.given} {person.surname}",
        email=person.email,
        is_support=Role(person.role) in INTERNAL_ROLES,
    )


def write_identity(known: Effective, secrets: Secrets, folder: Path) -> Path:
    """The provider's configuration for this start's addresses; returns its file."""
    portal = Client(
        client_id=known.client_id,
        client_secret=known.client_secret,
        redirect_uris=(known.portal_url + CALLBACK_PATH,),
        post_logout_redirect_uris=(known.portal_url + SIGNED_OUT_PATH, known.portal_url),
        backchannel_logout_uri=known.portal_url + BACKCHANNEL_PATH,
    )
    config = IdentityConfig(
        issuer=known.issuer,
        key_file=str(folder / "keys.json"),
        state_file=str(folder / "state.sqlite3"),
        project_id="aidial-demo",
        api_audience=known.audience,
        clients=(portal,),
        accounts=tuple(_account(person, secrets) for person in PEOPLE),
    )
    file = folder / "config.json"
    save_config(config, file)
    return file


def _account(person: DemoPerson, secrets: Secrets) -> Account:
    credentials = secrets.people[person.email]
    return Account(
        subject=person.user_id,
        email=person.email,
        password=credentials.password,
        given_name=person.given,
        family_name=person.surname,
        otp_secret=credentials.otp_secret,
    )
