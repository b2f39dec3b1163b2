"""`aidial api`, `portal`, `worker`, `idp`: the four servers, each from environment variables."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

Host = Annotated[str, typer.Option("--host", help="Address to listen on.")]


def api(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65_535)] = 8000,
) -> None:
    """Serve the HTTP API until SIGTERM.

    Needs DATABASE_URL, AIDIAL_MASTER_KEY (32 bytes of base64), ZITADEL_ISSUER and AIDIAL_API_AUDIENCE; each
    also as <NAME>_FILE. Exit code 78 names every missing or bad one.

    Example: DATABASE_URL=postgresql://aidial_app@db/aidial ... aidial api --port 8000
    """
    from aidial_api.server import serve  # noqa: PLC0415

    serve(host, port)


def portal(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65_535)] = 3000,
) -> None:
    """Serve the portal until SIGTERM.

    Needs NEXTAUTH_SECRET (at least 32 bytes), NEXTAUTH_URL, AIDIAL_API_BASE_URL, AIDIAL_API_TIMEOUT_MS,
    ZITADEL_ISSUER, ZITADEL_CLIENT_ID and ZITADEL_CLIENT_SECRET; each also as <NAME>_FILE. Exit code 78 names
    every missing or bad one.

    Example: NEXTAUTH_URL=https://portal.example.com ... aidial portal --port 3000
    """
    from aidial_portal.app import serve  # noqa: PLC0415
    from aidial_portal.settings import settings_or_exit  # noqa: PLC0415

    serve(settings_or_exit(os.environ), host, port)


def worker() -> None:
    """Run jobs from the database's queue until SIGTERM.

    Needs what `aidial api` needs. Any number of workers may run side by side; a job that a killed worker left
    half-way is run again.

    Example: DATABASE_URL=postgresql://aidial_app@db/aidial ... aidial worker
    """
    from aidial.worker import run_worker  # noqa: PLC0415

    run_worker()


def idp(
    config: Annotated[
        Path, typer.Option("--config", envvar="AIDIAL_IDENTITY_CONFIG", help="JSON file, mode 0600.")
    ],
) -> None:
    """Serve the demo identity provider (loopback only) until SIGTERM.

    For demos and tests. Production uses Zitadel or another OpenID provider, named by ZITADEL_ISSUER.

    Example: aidial idp --config demo-data/identity/config.json
    """
    from aidial_identity.__main__ import main  # noqa: PLC0415

    sys.argv = ["aidial idp", "--config", str(config)]
    raise typer.Exit(main())
