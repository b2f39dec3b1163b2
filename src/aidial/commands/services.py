"""`aidial service-accounts register|list|revoke`: programs that come with a bearer of the issuer."""

from __future__ import annotations

from typing import Annotated

import typer

from aidial.commands.keys import ClientId, one_line, run, slug
from aidial.commands.owner import owner_url, read
from aidial.stops import CommandStopped
from aidial_contract.access import KeyScope
from aidial_contract.ids import parse_uuid
from aidial_contract.settings import Setting, http_url

app = typer.Typer(
    no_args_is_help=True,
    help="Register, list and revoke service accounts. Uses AIDIAL_DATABASE_OWNER_URL, else DATABASE_URL.",
)
_NEEDS = (Setting("ZITADEL_ISSUER", http_url, required=True),)


@app.command("register")
def register(
    client: ClientId,
    subject: Annotated[str, typer.Option("--subject", help="The issuer's `sub` of the program.")],
    name: Annotated[str, typer.Option("--name", help="What people call it.")],
    scope: Annotated[KeyScope, typer.Option("--scope", help="What it may do.")] = KeyScope.READ,
) -> None:
    """Let a program of ZITADEL_ISSUER act for a tenant, as an API key of that scope would.

    It asks the issuer for an access token (client credentials or JWT profile, audience AIDIAL_API_AUDIENCE)
    and sends it as `Authorization: Bearer`, without a session.

    Example: aidial service-accounts register --client harbour-dental --subject 318000000000000001
    --name "Voice runtime" --scope manage
    """
    from aidial_api.provisioning_services import add_service_account  # noqa: PLC0415

    one_line(subject, "--subject")
    one_line(name, "--name")
    made = add_service_account(
        owner_url(),
        slug(client),
        issuer=read(_NEEDS)["ZITADEL_ISSUER"],
        subject=subject,
        name=name,
        scope=scope,
    )
    account_id = run(made, missing=f"there is no client {client}")
    if account_id is None:
        raise CommandStopped(f"{client} has a service account of that subject already; revoke it first")
    typer.echo(account_id)
    typer.echo(f"{name} may act for {client} ({scope}).", err=True)


@app.command("list")
def list_(client: ClientId) -> None:
    """List a tenant's service accounts, newest first.

    Example: aidial service-accounts list --client harbour-dental
    """
    from aidial_api.provisioning_services import list_service_accounts  # noqa: PLC0415

    rows = run(list_service_accounts(owner_url(), slug(client)))
    for row in rows:
        state = "revoked" if row["revoked_at"] else "active"
        made = row["created_at"].date().isoformat()
        typer.echo(
            f"{row['service_account_id']}  {row['scope']:<6}  {state:<7}  {made}  {row['subject']}"
            f"  {row['name']}"
        )
    typer.echo(f"{len(rows)} service accounts", err=True)


@app.command("revoke")
def revoke(
    client: ClientId,
    account_id: Annotated[str, typer.Argument(help="The id that `aidial service-accounts list` shows.")],
    reason: Annotated[str, typer.Option("--reason", help="Kept with it and in the audit log.")] = "",
) -> None:
    """Revoke a service account: every API process refuses its tokens within a second.

    Example: aidial service-accounts revoke 0193... --client harbour-dental --reason "runtime replaced"
    """
    from aidial_api.provisioning_services import revoke_service_account  # noqa: PLC0415

    known = parse_uuid(account_id)
    if known is None or not run(revoke_service_account(owner_url(), slug(client), known, reason)):
        raise CommandStopped(f"{client} has no active service account {account_id}")
    typer.echo(f"Service account {account_id} is revoked.")
