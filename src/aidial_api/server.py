"""Running the API under uvicorn. `aidial api` calls this.

The one thing a newcomer would get wrong: the loop and parser are named, never "auto", so that what was
measured is what runs.
"""

from __future__ import annotations

import sys

import uvicorn

from aidial_api.app import Application
from aidial_api.kernel import logs
from aidial_api.settings import read_settings
from aidial_contract.settings import EXIT_CODE, ConfigurationError

GRACE_S = 10


def serve(host: str, port: int) -> None:
    """Serve until told to stop; exits with 78 when the configuration is missing or bad."""
    try:
        settings = read_settings()
    except ConfigurationError as error:
        for name, reason in error.problems.items():
            print(f"aidial api: {name}: {reason}", file=sys.stderr)  # noqa: T201 - before logs exist
        sys.exit(EXIT_CODE)
    logs.set_up()
    uvicorn.run(
        Application(settings),
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
        h11_max_incomplete_event_size=64 * 1024,
    )
