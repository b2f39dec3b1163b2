"""`aidial seed`: believable calls for one project of a running API."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Annotated

import typer

from aidial.stops import CommandStopped, Exit
from aidial_contract.ids import parse_uuid


def command(  # noqa: PLR0913 - one knob each
    project: Annotated[str, typer.Option("--project", help="The project's id.")],
    key: Annotated[
        str, typer.Option("--key", envvar="AIDIAL_API_KEY", help="An API key with scope manage.")
    ] = "",
    api_url: Annotated[str, typer.Option("--api-url", envvar="AIDIAL_API_URL")] = "http://127.0.0.1:8000",
    calls: Annotated[int, typer.Option("--calls", min=1, max=1_000_000)] = 500,
    days: Annotated[int, typer.Option("--days", min=1, max=3_650, help="Spread over so many days.")] = 90,
    like: Annotated[
        str,
        typer.Option("--like", help="Which practice: harbour-dental, bayside-physio or northside-dental."),
    ] = "harbour-dental",
    seed: Annotated[int, typer.Option("--seed", help="Another number tells other calls.")] = 1,
    until: Annotated[datetime | None, typer.Option("--until", help="Newest call, UTC. Default: now.")] = None,
) -> None:
    """Deliver made-up Australian phone calls to a project, through the public API.

    Numbers, people and streets are fiction. The n-th call of a seed keeps its external id, so a second run
    adds nothing.

    Example: AIDIAL_API_KEY=adk_live_... aidial seed --project 0195... --calls 300
    """
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
    newest = (until or datetime.now(UTC)).replace(microsecond=0, tzinfo=UTC)
    thread = threading.Thread(
        target=deliver,
        args=([batch], api_url.rstrip("/"), seeding),
        kwargs={"until": newest, "days": days, "seed": seed},
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
