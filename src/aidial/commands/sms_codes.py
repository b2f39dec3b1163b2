"""`aidial sms-codes set`: whether people of an organisation may have codes sent to their phones.

The one thing a newcomer would get wrong: it is off for everybody until somebody of AiDial turns it on, and
administrators alone may use it.
"""

from __future__ import annotations

from typing import Annotated

import typer

from aidial.commands.keys import run, slug
from aidial.commands.owner import owner_url
from aidial.stops import CommandStopped

app = typer.Typer(
    no_args_is_help=True,
    help="Codes by SMS as a second factor. Uses AIDIAL_DATABASE_OWNER_URL, else DATABASE_URL.",
)


@app.callback()
def group() -> None:
    """One command so far; the group leaves room for its name."""


@app.command("set")
def put(
    *,
    client: Annotated[str, typer.Option("--client", help="A client_id.")] = "",
    partner: Annotated[str, typer.Option("--partner", help="A partner_org_id.")] = "",
    allowed: Annotated[bool, typer.Option("--on/--off", help="Whether its administrators may use them.")],
) -> None:
    """Let the administrators of a client or of a partner use codes by SMS, or no longer.

    Example: aidial sms-codes set --on --client harbour-dental
    """
    from aidial_api.provisioning import set_sms_codes  # noqa: PLC0415

    if bool(client) == bool(partner):
        raise CommandStopped("name one organisation: --client or --partner")
    name = slug(client or partner)
    where = {"client_id": name} if client else {"partner_org_id": name}
    if not run(set_sms_codes(owner_url(), **where, allowed=allowed)):
        raise CommandStopped(f"there is no organisation {name}")
    typer.echo(f"Codes by SMS are {'on' if allowed else 'off'} for {name}.")
