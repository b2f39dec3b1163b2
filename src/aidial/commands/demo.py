"""`aidial demo`: everything, on one machine, from nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

Port = typer.Option(min=0, max=65_535, help="0 chooses a free one.")


def command(  # noqa: PLR0913 - the options of design.md section 3
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where everything is kept. Default: ./demo-data")
    ] = None,
    portal_port: Annotated[int, Port] = 3000,
    api_port: Annotated[int, Port] = 8000,
    idp_port: Annotated[int, Port] = 9000,
    calls: Annotated[
        int, typer.Option("--calls", min=0, max=1_000_000, help="How many calls the first start makes.")
    ] = 2000,
    *,
    no_seed: Annotated[bool, typer.Option("--no-seed", help="Deliver no calls at this start.")] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Delete the demo's data first; asks on a terminal.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --reset: do not ask.")] = False,
) -> None:
    """Start PostgreSQL, demo data, identity provider, API, worker and portal, until Ctrl-C.

    The first start makes three practices with 90 days of calls; a second start on the same folder keeps
    everything. When all of it answers, `demo.json` in the data folder lists addresses, people with passwords
    and one-time secrets, and API keys, and a line that starts with "AiDial is ready" is printed.

    Environment variables override the demo's defaults, for example DATABASE_URL (then no PostgreSQL of our
    own is started; AIDIAL_DATABASE_OWNER_URL names the role that migrates), NEXTAUTH_SECRET,
    ZITADEL_ISSUER or AIDIAL_LIMITS_SCALE.

    Example: aidial demo

    Example: aidial demo --data-dir /var/tmp/try --calls 200 --portal-port 0

    Example: aidial demo --reset --yes
    """
    from aidial.demo.run import DemoOptions, run_demo  # noqa: PLC0415

    if reset and not yes and sys.stdin.isatty() and sys.stdout.isatty():
        typer.confirm("Delete the demo's calls, people and keys, and start anew?", abort=True)
    run_demo(
        DemoOptions(
            data_dir=data_dir,
            portal_port=portal_port,
            api_port=api_port,
            idp_port=idp_port,
            calls=calls,
            seed=not no_seed,
            reset=reset,
        )
    )
