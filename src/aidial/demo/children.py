"""The demo's child processes: command, environment, and how to see that each is ready."""

from __future__ import annotations

import http.client
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from aidial.processes import Program, answers

if TYPE_CHECKING:
    from pathlib import Path

    from aidial.demo.environment import Effective

_ANSWER_S = 6.0
_WORKERS_SINCE = (
    "SELECT EXISTS (SELECT FROM jobs.procrastinate_workers WHERE last_heartbeat >= to_timestamp(%s))"
)


def _aidial(*words: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "aidial", *words)


def identity(known: Effective, config: Path) -> Program:
    """The identity provider on its own issuer's address."""
    url = f"{known.issuer}/.well-known/openid-configuration"
    return Program(
        "identity", _aidial("idp", "--config", str(config)), known.identity_env, lambda: answers(url)
    )


def api(known: Effective, port: int) -> Program:
    """The API; ready when it reaches the database."""
    url = f"{known.api_url}/v1/health"
    return Program(
        "api",
        _aidial("api", "--host", "127.0.0.1", "--port", str(port)),
        known.api_env,
        lambda: answers(url, _ANSWER_S),
    )


def portal(known: Effective, port: int) -> Program:
    """The portal; ready when it reaches the API.

    Asked on its own port by its public name, which may be a proxy's. Where AIDIAL_API_BASE_URL names another
    way to the API, that way is the caller's business, and a portal that lives is ready.
    """
    usual = known.portal_env["AIDIAL_API_BASE_URL"] == known.api_url
    path = "/api/health" if usual else "/api/health/live"
    host = urlsplit(known.portal_url).netloc
    return Program(
        "portal",
        _aidial("portal", "--host", "127.0.0.1", "--port", str(port)),
        known.portal_env,
        lambda: _answers_as(host, port, path),
    )


def _answers_as(host: str, port: int, path: str) -> bool:
    """Whether a GET answers 200 on a port of this machine when asked for under the name `host`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_S)
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def worker(known: Effective) -> Program:
    """The worker; ready when it has signed in to the queue."""
    began = time.time()

    def signed_in() -> bool:
        try:
            with psycopg.connect(known.database_url, connect_timeout=5) as connection:
                row = connection.execute(_WORKERS_SINCE, (began,)).fetchone()
                return bool(row and row[0])
        except psycopg.Error:
            return False

    return Program("worker", _aidial("worker"), known.api_env, signed_in)
