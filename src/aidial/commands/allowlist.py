"""`aidial allowlist off`: open a tenant again whose allowlist shut everybody out."""

from __future__ import annotations

from typing import Annotated

import typer

from aidial.commands.keys import ClientId, run, slug
from aidial.commands.owner import owner_url
from aidial.stops import CommandStopped

app = typer.Typer(
    no_args_is_help=True,
    help="Lift the IP allowlist of a tenant. Uses AIDIAL_DATABASE_OWNER_URL, else DATABASE_URL.",
)


@app.callback()
def group() -> None:
    """One command so far; the group leaves room for its name."""


@app.command("off")
def off(
    client: ClientId,
    reason: Annotated[str, typer.Option("--reason", help="Kept in the tenant's activity log.")] = "",
) -> None:
    """Turn a tenant's IP allowlist off: every process follows within a second. Its networks are kept.

    Example: aidial allowlist off --client harbour-dental --reason "their office moved"
    """
    from aidial_api.provisioning import lift_allowlist  # noqa: PLC0415

    if not run(lift_allowlist(owner_url(), slug(client), reason)):
        raise CommandStopped(f"the allowlist of {client} is not on")
    typer.echo(f"The allowlist of {client} is off.")
