"""`aidial seed`: believable calls, for one project through its API or, millions of them, by COPY."""

from __future__ import annotations

import asyncio
import os
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import asyncpg
import typer

from aidial.commands.owner import incomplete, master_key, owner_url, read
from aidial.stops import CommandStopped, Exit
from aidial_contract.ids import is_slug, parse_uuid
from aidial_contract.settings import ConfigurationError, Setting

if TYPE_CHECKING:
    from aidial_api.kernel.storage import Storage

_NEEDS = (Setting("AIDIAL_MASTER_KEY", master_key, required=True),)
_STORAGE_TIMEOUT_S = 30.0
_GOES_ON = "the same command goes on, and aidial doctor says whether indexes are to be made"
_MOST_DELIVERED = 1_000_000


def command(  # noqa: PLR0913 - one knob each
    project: Annotated[
        str, typer.Option("--project", help="Deliver to this project through the API, not by COPY.")
    ] = "",
    key: Annotated[
        str, typer.Option("--key", envvar="AIDIAL_API_KEY", help="An API key with scope manage.")
    ] = "",
    api_url: Annotated[str, typer.Option("--api-url", envvar="AIDIAL_API_URL")] = "http://127.0.0.1:8000",
    calls: Annotated[int, typer.Option("--calls", min=1, max=100_000_000)] = 500,
    days: Annotated[int, typer.Option("--days", min=1, max=3_650, help="Spread over so many days.")] = 90,
    like: Annotated[
        str,
        typer.Option("--like", help="Which practice: harbour-dental, bayside-physio or northside-dental."),
    ] = "harbour-dental",
    seed: Annotated[int, typer.Option("--seed", help="Another number tells other calls.")] = 1,
    until: Annotated[datetime | None, typer.Option("--until", help="Newest call, UTC. Default: now.")] = None,
    tenants: Annotated[
        int, typer.Option("--tenants", min=1, max=1_000, help="Without --project: of so many clients.")
    ] = 41,
    client: Annotated[
        str, typer.Option("--client", help="Without --project: the client that gets the share.")
    ] = "seed-0001",
    share: Annotated[
        float, typer.Option("--share", min=0.01, max=1, help="Without --project: that client's share.")
    ] = 0.2,
    recordings: Annotated[  # noqa: FBT002 - an option of the command line
        bool,
        typer.Option("--recordings", help="Without --project: recordings too, in AIDIAL_STORAGE_URL."),
    ] = False,
) -> None:
    """Make up Australian phone calls. Numbers, people and streets are fiction.

    With --project they are delivered through the public API, each with its conversation. Without, they go
    straight into the database by COPY, to as many clients as --tenants says (made where they are missing):
    for measuring with millions of calls. One call in fifty has its conversation, and with --recordings
    half a second of sound where everybody agreed, stored as the API is told to (AIDIAL_STORAGE_URL). That
    needs AIDIAL_DATABASE_OWNER_URL (else DATABASE_URL) and AIDIAL_MASTER_KEY; a superuser's takes half the
    time.

    The n-th call of a seed keeps its external id, so a second run adds nothing, and one after Ctrl-C goes on.
    A database without calls has its indexes made at the end. Stop API and worker before, and let it run to
    its end: until then lists and searches time out, and aidial doctor says so.

    Example: AIDIAL_API_KEY=adk_live_... aidial seed --project 0195... --calls 300

    Example: AIDIAL_DATABASE_OWNER_URL=postgresql://... aidial seed --calls 10000000 --share 0.2
    """
    newest = (until or datetime.now(UTC)).replace(microsecond=0, tzinfo=UTC)
    if not project:
        _copy(
            calls,
            days=days,
            seed=seed,
            until=newest,
            tenants=tenants,
            client=client,
            share=share,
            storage=_storage() if recordings else None,
        )
        return
    if calls > _MOST_DELIVERED:
        raise typer.BadParameter(f"must be at most {_MOST_DELIVERED:,} with --project", param_hint="--calls")
    _deliver(project, key, api_url, calls, days=days, like=like, seed=seed, until=newest)


def _storage() -> Storage:
    """The store that the API is told to use."""
    from aidial_api.kernel.storage import Storage  # noqa: PLC0415
    from aidial_api.settings import storage_place  # noqa: PLC0415

    try:
        place = storage_place(os.environ)
    except ConfigurationError as error:
        raise incomplete(error) from None
    return Storage(place, timeout_s=_STORAGE_TIMEOUT_S)


def _copy(  # noqa: PLR0913 - the command's knobs
    calls: int,
    *,
    days: int,
    seed: int,
    until: datetime,
    tenants: int,
    client: str,
    share: float,
    storage: Storage | None,
) -> None:
    from aidial.bulk import plan  # noqa: PLC0415
    from aidial.bulk.loading import Loader  # noqa: PLC0415
    from aidial.console import say  # noqa: PLC0415
    from aidial_api.kernel.connections import GONE  # noqa: PLC0415
    from aidial_api.kernel.db import DatabaseRefused, DatabaseUnavailable  # noqa: PLC0415
    from aidial_contract.fault import Fault  # noqa: PLC0415

    if not is_slug(client):
        raise typer.BadParameter(
            "must be 2 to 63 of a-z, 0-9 and -, like harbour-dental", param_hint="--client"
        )
    intended = plan.Plan(plan.tenants(calls, tenants, share, client), until, days, seed)
    loader = Loader(owner_url(), read(_NEEDS)["AIDIAL_MASTER_KEY"], intended, storage)
    try:
        written = asyncio.run(loader.load())
    except KeyboardInterrupt:
        say(f"Stopped; {_GOES_ON}.")
        raise typer.Exit(130) from None
    except DatabaseRefused as refused:
        raise CommandStopped(str(refused), Exit.CONFIGURATION) from None
    except Fault as away:
        raise CommandStopped(
            f"the recordings could not be stored ({away.reason}); {_GOES_ON}", Exit.UNAVAILABLE
        ) from None
    except (DatabaseUnavailable, asyncpg.PostgresError, *GONE) as problem:
        raise CommandStopped(f"the database refused: {problem}; {_GOES_ON}", Exit.UNAVAILABLE) from None
    say(f"{written:,} written, {calls - written:,} already there; {client} has the largest share.")


def _deliver(  # noqa: PLR0913 - the command's knobs
    project: str, key: str, api_url: str, calls: int, *, days: int, like: str, seed: int, until: datetime
) -> None:
    from aidial.console import progress_bar, say  # noqa: PLC0415
    from aidial.seed import BUSINESSES  # noqa: PLC0415
    from aidial.seeding import Batch, Seeding, deliver  # noqa: PLC0415

    business = next((each for each in BUSINESSES if each.client_id == like), None)
    if business is None:
        raise typer.BadParameter(
            "must be one of " + ", ".join(each.client_id for each in BUSINESSES), param_hint="--like"
        )
    if parse_uuid(project) is None:
        raise typer.BadParameter("must be a project's id", param_hint="--project")
    if not key:
        raise typer.BadParameter("give an API key: set AIDIAL_API_KEY, or use --key", param_hint="--key")
    if not api_url.startswith(("http://", "https://")):
        raise typer.BadParameter("must start with http:// or https://", param_hint="--api-url")
    batch = Batch(business=business, project_id=project, count=calls, key=key)
    seeding = Seeding(calls)
    thread = threading.Thread(
        target=deliver,
        args=([batch], api_url.rstrip("/"), seeding),
        kwargs={"until": until, "days": days, "seed": seed},
        daemon=True,
    )
    with progress_bar("Delivering calls", calls) as show:
        thread.start()
        try:
            while thread.is_alive():
                show(seeding.answered)
                thread.join(0.2)
        except KeyboardInterrupt:
            seeding.stop.set()
            thread.join()
        show(seeding.answered)
    say(f"{seeding.created:,} delivered, {seeding.already_there:,} already there.")
    if seeding.problem:
        raise CommandStopped(seeding.problem, Exit.UNAVAILABLE)
    if not seeding.complete:
        raise typer.Exit(130)
