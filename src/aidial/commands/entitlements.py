"""`aidial entitlements set`: what a tenant's plan includes.

The one thing a newcomer would get wrong: a tenant that never had anything set has everything.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from aidial.commands.keys import ClientId, run, slug
from aidial.commands.owner import owner_url
from aidial.stops import CommandStopped

app = typer.Typer(
    no_args_is_help=True,
    help="What a tenant's plan includes. Uses AIDIAL_DATABASE_OWNER_URL, else DATABASE_URL.",
)


class Entitlement(StrEnum):
    """What a plan may include or not."""

    RECORDING_DOWNLOAD = "recording_download"
    API_KEY_MANAGEMENT = "api_key_management"


@app.callback()
def group() -> None:
    """One command so far; the group leaves room for its name."""


@app.command("set")
def put(
    client: ClientId,
    name: Annotated[Entitlement, typer.Argument(help="What the plan includes or not.")],
    *,
    included: Annotated[bool, typer.Option("--on/--off", help="Whether the plan includes it.")],
) -> None:
    """Put something into a tenant's plan or take it out; it counts from the next request.

    Example: aidial entitlements set recording_download --off --client harbour-dental
    """
    from aidial_api.provisioning import set_entitlement  # noqa: PLC0415

    if not run(set_entitlement(owner_url(), slug(client), str(name), included=included)):
        raise CommandStopped(f"there is no client {client}")
    typer.echo(f"{name} of {client} is {'on' if included else 'off'}.")
