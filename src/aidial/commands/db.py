"""`aidial db migrate` and `aidial db current`."""

from __future__ import annotations

import typer

from aidial.commands.owner import owner_url
from aidial.stops import CommandStopped, Exit

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
