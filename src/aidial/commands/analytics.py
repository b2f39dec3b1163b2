"""`aidial analytics rebuild`: the dashboard's numbers counted anew from the calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from aidial.commands.keys import run, slug
from aidial.commands.owner import owner_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aidial_api.kernel.call_counts import Recounted
    from aidial_api.recounting import Part

app = typer.Typer(
    no_args_is_help=True,
    help="Keep the dashboard's numbers. Uses AIDIAL_DATABASE_OWNER_URL, else DATABASE_URL.",
)


@app.command("rebuild")
def rebuild(
    client: Annotated[
        list[str] | None, typer.Option("--client", help="Only this tenant's; may be repeated.")
    ] = None,
) -> None:
    """Count every call anew, week by week. Safe while calls come in; harmless when repeated or broken off.

    Says where the numbers differed from the calls before: they never should, but after a bulk load.

    Example: aidial analytics rebuild --client harbour-dental
    """
    from aidial_api.recounting import every_client, parts_of  # noqa: PLC0415

    url = owner_url()
    named = [slug(one) for one in client or ()]
    every = run(every_client(url))
    clients = named or every
    missing = [one for one in clients if one not in every]
    if missing:
        raise typer.BadParameter(f"there is no client {', '.join(missing)}", param_hint="--client")
    parts = run(parts_of(url, clients))
    done = run(_recounted(url, parts))
    for (client_id, *_), part in zip(parts, done, strict=True):
        if part.calls != part.calls_before:
            days = f"{part.since:%Y-%m-%d} to {part.until:%Y-%m-%d}"
            typer.echo(f"{client_id}, {days}: {part.calls_before:,} were counted, {part.calls:,} there are")
    typer.echo(f"{sum(part.calls for part in done):,} calls of {len(clients):,} tenants are counted.")


async def _recounted(url: str, parts: Sequence[Part]) -> list[Recounted]:
    from aidial.console import progress_bar  # noqa: PLC0415
    from aidial_api.recounting import recount  # noqa: PLC0415

    done = []
    with progress_bar("Counting weeks", len(parts)) as show:
        async for part in recount(url, parts):
            done.append(part)
            show(len(done))
    return done
