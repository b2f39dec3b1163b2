"""`aidial keys create|list|revoke`: API keys of a tenant, made by whoever owns the database."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import asyncpg
import typer

from aidial.commands.owner import owner_url
from aidial.stops import CommandStopped, Exit
from aidial_contract.access import KeyScope
from aidial_contract.ids import is_slug, new_api_key

app = typer.Typer(
    no_args_is_help=True,
    help="Make, list and revoke API keys. Uses AIDIAL_DATABASE_OWNER_URL, else DATABASE_URL.",
)
T = TypeVar("T")
ClientId = Annotated[str, typer.Option("--client", help="The tenant's client_id.")]


@app.command("create")
def create(
    client: ClientId,
    scope: Annotated[KeyScope, typer.Option("--scope", help="What the key may do.")] = KeyScope.READ,
    environment: Annotated[str, typer.Option("--environment", help="live or test.")] = "live",
    description: Annotated[str, typer.Option("--description", help="What it is for.")] = "",
    expires_days: Annotated[
        int | None, typer.Option("--expires-days", min=1, max=3_650, help="Default: never.")
    ] = None,
) -> None:
    """Make a key and print it, once: only a hash of it is kept.

    The key alone goes to standard output, so that a script can take it.

    Example: aidial keys create --client harbour-dental --scope manage --description "voice runtime"
    """
    from aidial_api.provisioning import add_key  # noqa: PLC0415

    if environment not in {"live", "test"}:
        raise typer.BadParameter("must be live or test", param_hint="--environment")
    one_line(description, "--description", least=0)
    text, _ = new_api_key(environment)
    expires_at = datetime.now(UTC) + timedelta(days=expires_days) if expires_days else None
    made = add_key(
        owner_url(), slug(client), text, scope=scope, description=description, expires_at=expires_at
    )
    parts = run(made, missing=f"there is no client {client}")
    typer.echo(text)
    typer.echo(
        f"Key {parts.api_key_id} of {client} ({scope}, {environment}). It is not shown again.", err=True
    )


@app.command("list")
def list_(client: ClientId) -> None:
    """List a tenant's keys, newest first: ids, last four letters and state, never the key.

    Example: aidial keys list --client harbour-dental
    """
    from aidial_api.provisioning import list_keys  # noqa: PLC0415

    rows = run(list_keys(owner_url(), slug(client)))
    for row in rows:
        state = "revoked" if row["revoked_at"] else "active"
        if not row["revoked_at"] and row["expires_at"] and row["expires_at"] <= datetime.now(UTC):
            state = "expired"
        made = row["created_at"].date().isoformat()
        typer.echo(
            f"{row['api_key_id']}  ...{row['last_four']}  {row['environment']:<4}  {row['scope']:<6}  "
            f"{state:<7}  {made}  {row['description']}"
        )
    typer.echo(f"{len(rows)} keys", err=True)


@app.command("revoke")
def revoke(
    client: ClientId,
    key_id: Annotated[str, typer.Argument(help="The api_key_id that `aidial keys list` shows.")],
    reason: Annotated[str, typer.Option("--reason", help="Kept with the key and in the audit log.")] = "",
) -> None:
    """Revoke a key: every API process refuses it within a second. Exit code 1 when there is none to revoke.

    Example: aidial keys revoke 4kPq... --client harbour-dental --reason "laptop lost"
    """
    from aidial_api.provisioning import revoke_key  # noqa: PLC0415

    if not run(revoke_key(owner_url(), slug(client), key_id, reason)):
        raise CommandStopped(f"{client} has no active key {key_id}")
    typer.echo(f"Key {key_id} is revoked.")


def slug(client: str) -> str:
    """The client id, or what is wrong with it."""
    if not is_slug(client):
        raise typer.BadParameter("must be a client_id such as harbour-dental", param_hint="--client")
    return client


MAX_TEXT = 200
"""Of what a command line puts into the database, which takes no more of it."""


def one_line(text: str, hint: str, *, least: int = 1) -> None:
    """Refuse an option's text that the database would: more than a line, or too much of it."""
    if not least <= len(text) <= MAX_TEXT or not text.isprintable():
        allowed = f"{least} to {MAX_TEXT}" if least else f"at most {MAX_TEXT}"
        raise typer.BadParameter(f"must be {allowed} printable characters", param_hint=hint)


def run(work: Coroutine[Any, Any, T], *, missing: str = "something it needs is not there") -> T:
    """Do database work as the owner; expected failures become sentences."""
    from aidial_api.kernel.db import DatabaseRefused, DatabaseUnavailable  # noqa: PLC0415

    try:
        return asyncio.run(work)
    except asyncpg.ForeignKeyViolationError:
        raise CommandStopped(missing) from None
    except asyncpg.IntegrityConstraintViolationError as refused:
        raise CommandStopped(
            f"the database refuses it by its rule {refused.constraint_name or refused.column_name}"
        ) from None
    except asyncpg.UndefinedTableError:
        raise CommandStopped("the database is empty; run: aidial db migrate", Exit.UNAVAILABLE) from None
    except DatabaseRefused as refused:
        raise CommandStopped(str(refused), Exit.CONFIGURATION) from None
    except asyncpg.InsufficientPrivilegeError as refused:
        raise CommandStopped(f"the database role may not do this: {refused}", Exit.CONFIGURATION) from None
    except (DatabaseUnavailable, asyncpg.InvalidAuthorizationSpecificationError, OSError) as gone:
        raise CommandStopped(f"the database does not answer: {gone}", Exit.UNAVAILABLE) from None
