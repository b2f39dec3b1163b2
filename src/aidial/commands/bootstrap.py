"""`aidial bootstrap`: the first people and the first tenant of an empty installation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import asyncpg
import typer

from aidial.commands.keys import one_line, run
from aidial.commands.owner import master_key, owner_url, read
from aidial.stops import CommandStopped
from aidial_contract.access import KeyScope, Role
from aidial_contract.ids import is_slug, new_api_key, new_id
from aidial_contract.settings import Setting, http_url
from aidial_contract.zones import is_zone

if TYPE_CHECKING:
    from aidial_api.provisioning import NewPerson, Provisioner

MAX_EMAIL = 320
_NEEDS = (
    Setting("AIDIAL_MASTER_KEY", master_key, required=True),
    Setting("ZITADEL_ISSUER", http_url, required=True),
)


def command(  # noqa: PLR0913 - one option a thing it makes
    operator_email: Annotated[str, typer.Option("--operator-email", help="Becomes aidial_admin.")],
    partner: Annotated[str, typer.Option("--partner", help="Partner organisation's id, a slug.")],
    partner_name: Annotated[str, typer.Option("--partner-name")],
    client: Annotated[str, typer.Option("--client", help="Tenant's client_id, a slug.")],
    client_name: Annotated[str, typer.Option("--client-name")],
    admin_email: Annotated[str, typer.Option("--admin-email", help="Becomes the tenant's client_admin.")],
    project_name: Annotated[str, typer.Option("--project-name")] = "Front desk",
    timezone: Annotated[str, typer.Option("--timezone")] = "Australia/Sydney",
) -> None:
    """Make the first operator, partner organisation, client, project, user and key.

    People are made by e-mail address: they sign in through ZITADEL_ISSUER, which must know them under a
    verified address. Needs AIDIAL_DATABASE_OWNER_URL (else DATABASE_URL), AIDIAL_MASTER_KEY and
    ZITADEL_ISSUER. The key (scope manage) is printed once, alone on standard output.

    Example: aidial bootstrap --operator-email ops@example.com --partner southern-cross-voice
    --partner-name "Southern Cross Voice" --client harbour-dental --client-name "Harbour Dental"
    --admin-email alice@example.com
    """
    from aidial_api.provisioning import NewPerson, Provisioner  # noqa: PLC0415

    _check(partner, client, timezone, operator_email, admin_email)
    one_line(partner_name, "--partner-name")
    one_line(client_name, "--client-name")
    one_line(project_name, "--project-name")
    given = read(_NEEDS)
    maker = Provisioner(owner_url(), given["AIDIAL_MASTER_KEY"], given["ZITADEL_ISSUER"])
    project_id = new_id()
    operator = NewPerson(email=operator_email, first_name="", last_name="", role=Role.AIDIAL_ADMIN)
    admin = NewPerson(
        email=admin_email,
        first_name="",
        last_name="",
        role=Role.CLIENT_ADMIN,
        client_id=client,
        projects=((client, None),),
    )
    key = run(
        _make(
            maker,
            (operator, admin),
            (partner, partner_name),
            (client, client_name),
            project_id,
            project_name,
            timezone,
        )
    )
    typer.echo(key)
    typer.echo(
        f"Made {partner_name}, {client_name} and its project {project_id}. The key above is not shown again.",
        err=True,
    )


def _check(partner: str, client: str, timezone: str, *emails: str) -> None:
    for name, value in (("--partner", partner), ("--client", client)):
        if not is_slug(value):
            raise typer.BadParameter(
                "must be 2 to 63 of a-z, 0-9 and -, like harbour-dental", param_hint=name
            )
    if not is_zone(timezone):
        raise typer.BadParameter("must be an IANA name such as Australia/Sydney", param_hint="--timezone")
    for email in emails:
        local, _, domain = email.partition("@")
        if not local or "." not in domain or len(email) > MAX_EMAIL or not email.isprintable():
            raise typer.BadParameter(
                "must be an e-mail address", param_hint="--operator-email, --admin-email"
            )
    if len({email.lower() for email in emails}) < len(emails):
        raise typer.BadParameter(
            "must be another than the operator's: each is one person", param_hint="--admin-email"
        )


async def _make(
    maker: Provisioner,
    people: tuple[NewPerson, ...],
    partner: tuple[str, str],
    client: tuple[str, str],
    project_id: str,
    project_name: str,
    timezone: str,
) -> str:
    from aidial_api.provisioning import NewClient, NewProject  # noqa: PLC0415

    text, _ = new_api_key("live")
    try:
        async with maker.together():
            await maker.require_master_key()
            if await maker.has_client(client[0]):
                raise CommandStopped(
                    f"there is a client {client[0]} already; bootstrap makes the first one only"
                )
            await maker.add_partner(*partner)
            await maker.add_person(people[0])
            await maker.add_client(
                NewClient(
                    client_id=client[0],
                    name=client[1],
                    timezone=timezone,
                    partner_org_id=partner[0],
                    projects=(
                        NewProject(project_id=project_id, display_name=project_name, timezone=timezone),
                    ),
                )
            )
            await maker.add_person(people[1])
            await maker.add_key(
                client[0], text, scope=KeyScope.MANAGE, description="Made by aidial bootstrap"
            )
    except asyncpg.UniqueViolationError:
        raise CommandStopped("somebody with one of these e-mail addresses exists already") from None
    return text
