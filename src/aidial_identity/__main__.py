"""`python -m aidial_identity --config FILE`: serve the provider until SIGTERM.

Prints one line `{"issuer": ...}` when the socket listens. Exit codes: 0 stopped, 78 configuration, 73 files,
69 the address cannot be bound.
"""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys

import structlog

from aidial_identity.config import ConfigError, load_config
from aidial_identity.server import NotLoopbackError, bind_issuer, serve


def main() -> int:
    """Read the configuration, bind, serve. Answers the exit code."""
    parser = argparse.ArgumentParser(
        prog="aidial_identity", description="Demo identity provider, loopback only."
    )
    parser.add_argument("--config", help="configuration file; else AIDIAL_IDENTITY_CONFIG names it")
    arguments = parser.parse_args()
    log_to_stderr()
    try:
        config = load_config(arguments.config)
        listener = bind_issuer(config.issuer)
    except ConfigError as error:
        return stop(os.EX_CONFIG, str(error))
    except (NotLoopbackError, OSError) as error:
        return stop(os.EX_UNAVAILABLE, f"cannot listen: {error}")
    sys.stdout.write(json.dumps({"issuer": config.issuer}) + "\n")
    sys.stdout.flush()
    # uvicorn stops in order and then raises the signal again: these handlers make that a normal end.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        asyncio.run(serve(config, listener))
    except OSError as error:
        return stop(os.EX_CANTCREAT, f"the key or state file cannot be used: {error.strerror}")
    return 0


def log_to_stderr() -> None:
    """JSON lines, so that the demo can collect them."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def stop(code: int, reason: str) -> int:
    """Say why on stderr and answer the exit code."""
    sys.stderr.write(f"aidial_identity: {reason}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
