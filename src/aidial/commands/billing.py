"""`aidial billing open|paid|discount|adjust`: the embedded provider's books, kept by the database's owner."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from aidial.commands.keys import ClientId, one_line, run, slug
from aidial.commands.owner import owner_url
from aidial.stops import CommandStopped, Exit

app = typer.Typer(
    no_args_is_help=True,
    help="Bill tenants without another provider. Uses AIDIAL_DATABASE_OWNER_URL, else DATABASE_URL.",
)
MOST_CENTS = 100_000_000_000
"""Of one change, so that the sum of many is still a number that the database has."""
Month = Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="The month it counts in.")]
Words = Annotated[str, typer.Option("--description", help="What the invoice calls it.")]


@app.command("open")
def open_(
    client: ClientId,
    plan: Annotated[str, typer.Option("--plan", help="starter, professional or enterprise.")],
    months_ago: Annotated[
        int, typer.Option("--months-ago", min=0, max=24, help="Bill months that are over, too.")
    ] = 0,
) -> None:
    """Bill a tenant from this month on. Invoices are made by the worker when a month has ended.

    Example: aidial billing open --client harbour-dental --plan starter
    """
    from aidial_api.provisioning_billing import PLANS, Bookkeeper  # noqa: PLC0415

    if plan not in PLANS:
        raise typer.BadParameter(f"must be one of {', '.join(PLANS)}", param_hint="--plan")
    made = Bookkeeper(owner_url()).open_account(
        slug(client), plan, months_ago=months_ago, now=datetime.now(UTC)
    )
    if not run(made, missing=f"there is no client {client}"):
        raise CommandStopped(f"{client} is billed already, or there is no such client", Exit.USAGE)
    typer.echo(f"{client} is billed on the plan {plan}.", err=True)


@app.command("paid")
def paid(
    client: ClientId, number: Annotated[str, typer.Option("--number", help="The invoice's number.")]
) -> None:
    """Write down that an invoice was paid, today.

    Example: aidial billing paid --client harbour-dental --number HARBOUR-DENTAL-0007
    """
    from aidial_api.provisioning_billing import Bookkeeper  # noqa: PLC0415

    done = Bookkeeper(owner_url()).mark_paid(slug(client), number, datetime.now(UTC))
    if not run(done, missing=f"there is no client {client}"):
        raise CommandStopped(f"{client} has no open invoice {number}", Exit.USAGE)


@app.command("discount")
def discount(
    client: ClientId,
    month: Month,
    description: Words,
    percent: Annotated[int, typer.Option("--percent", min=1, max=100, help="Off the monthly fee.")],
) -> None:
    """Take some per cent off the monthly fee, from a month on.

    Example: aidial billing discount --client bayside --month 2026-12 --percent 10 --description Loyalty
    """
    from aidial_api.provisioning_billing import Bookkeeper  # noqa: PLC0415

    one_line(description, "--description")
    done = Bookkeeper(owner_url()).add_discount(slug(client), description, percent, _month(month))
    run(done, missing=f"{client} is not billed")


@app.command("adjust")
def adjust(
    client: ClientId,
    month: Month,
    description: Words,
    cents: Annotated[
        int,
        typer.Option(
            "--cents", min=-MOST_CENTS, max=MOST_CENTS, help="A charge; a credit when negative. Without GST."
        ),
    ],
) -> None:
    """Add a charge or a credit to a month's invoice. Credit beyond an invoice goes on to the next.

    Example: aidial billing adjust --client bayside --month 2026-11 --cents -2000 --description Goodwill
    """
    from aidial_api.provisioning_billing import Bookkeeper  # noqa: PLC0415

    one_line(description, "--description")
    done = Bookkeeper(owner_url()).add_adjustment(slug(client), description, cents, _month(month))
    run(done, missing=f"{client} is not billed")


def _month(text: str) -> str:
    try:
        return f"{datetime.strptime(text, '%Y-%m').replace(tzinfo=UTC):%Y-%m}"
    except ValueError:
        raise typer.BadParameter("must be a month such as 2026-11", param_hint="--month") from None
