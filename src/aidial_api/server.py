"""Running the API under uvicorn. `aidial api` calls this.

SIGHUP reads the configuration again. The one thing a newcomer would get wrong: the loop and parser are
named, never "auto", so that what was measured is what runs.
"""

from __future__ import annotations

import gc
import sys

import structlog
import uvloop

from aidial_api.app import Application
from aidial_api.kernel import logs
from aidial_api.kernel.roles import DatabaseRefused
from aidial_api.settings import Settings, read_settings
from aidial_contract.settings import EXIT_CODE, ConfigurationError
from aidial_limits.metrics import listening
from aidial_serving.hangups import serve_through_hangups
from aidial_serving.server import UNAVAILABLE, http_server

GC_YOUNG = 20_000
_log = structlog.get_logger("aidial_api")


def serve(host: str, port: int) -> None:
    """Serve until told to stop; exits with 78 for a bad configuration, 69 when something does not answer."""
    try:
        settings = read_settings()
    except ConfigurationError as error:
        for name, reason in error.problems.items():
            print(f"aidial api: {name}: {reason}", file=sys.stderr)  # noqa: T201 - before logs exist
        sys.exit(EXIT_CODE)
    logs.set_up()
    _settle_memory()
    app = Application(settings)
    running = http_server(
        app, host, port, stop_timeout_s=settings.stop_timeout_ms / 1_000, log_level="warning"
    )
    with listening(settings.metrics_addr, settings.metrics_port):
        uvloop.run(serve_through_hangups(running, lambda: app.reload(_settings_again())))
    if not running.started:
        sys.exit(EXIT_CODE if isinstance(app.refusal, DatabaseRefused) else UNAVAILABLE)


def _settle_memory() -> None:
    """What was imported stays for ever: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_YOUNG, 20, 100)


def _settings_again() -> Settings | None:
    try:
        return read_settings()
    except ConfigurationError as error:
        _log.error("configuration_invalid", problems=error.problems)
        return None
