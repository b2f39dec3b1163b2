"""`aidial db migrate`, `aidial db current` and `aidial db seal-numbers`."""

from __future__ import annotations

import typer

from aidial.commands.keys import run
from aidial.commands.owner import master_key, owner_url, read
from aidial.stops import CommandStopped, Exit
from aidial_contract.settings import Setting

_NEEDS = (Setting("AIDIAL_MASTER_KEY", master_key, required=True),)
app = typer.Typer(no_args_is_help=True, help="Bring the database to this version's shape.")


@app.command("migrate")
def migrate() -> None:
    """Bring the database to the newest shape. Harmless when repeated.

    Uses AIDIAL_DATABASE_OWNER_URL (the role that owns the tables), else DATABASE_URL.

    Example: AIDIAL_DATABASE_OWNER_URL=postgresql://aidial_owner@db/aidial aidial db migrate
    """
    from aidial_api.kernel import migrate  # noqa: PLC0415

    try:
        migrate.upgrade(owner_url())
    except migrate.MigrationRefused as refused:
        raise CommandStopped(str(refused), Exit.UNAVAILABLE) from None
    typer.echo(f"The database is at {migrate.head()}.")


@app.command("current")
def current() -> None:
    """Show the database's revision and this version's. Exit code 1 when they differ.

    Example: aidial db current
    """
    from aidial_api.kernel import migrate  # noqa: PLC0415

    try:
        found = migrate.current(owner_url())
    except migrate.MigrationRefused as refused:
        raise CommandStopped(str(refused), Exit.UNAVAILABLE) from None
    typer.echo(f"database: {found or 'empty'}\nthis version: {migrate.head()}")
    if found != migrate.head():
        raise typer.Exit(Exit.FAILED)


@app.command("seal-numbers")
def seal_numbers() -> None:
    """Encrypt the numbers of transfer destinations that an earlier version stored in clear.

    Run it once after an upgrade; harmless when repeated, and safe while people save and publish. Uses
    AIDIAL_DATABASE_OWNER_URL, else DATABASE_URL, and AIDIAL_MASTER_KEY.

    Example: aidial db seal-numbers
    """
    from aidial_api.recounting import every_client  # noqa: PLC0415
    from aidial_api.sealing_numbers import seal_numbers  # noqa: PLC0415

    url, key = owner_url(), read(_NEEDS)["AIDIAL_MASTER_KEY"]
    sealed = sum(run(seal_numbers(url, key, client_id)) for client_id in run(every_client(url)))
    typer.echo(f"{sealed:,} drafts and versions held numbers in clear. None does now.")
