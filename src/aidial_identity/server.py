"""Serving the provider, on loopback or not at all.

The one thing a newcomer would get wrong: the issuer is part of every token, so the socket is bound first and
the configuration that names its port is written afterwards when the port is to be chosen by the system.
"""

import socket
from ipaddress import ip_address
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette

from aidial_identity.app import create_app
from aidial_identity.config import IdentityConfig, is_loopback

SHUTDOWN_S = 3


class NotLoopbackError(Exception):
    """Somebody asked for an address other than loopback."""


def bind_loopback(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 lets the system choose. NotLoopbackError; OSError: the port is taken."""
    if not is_loopback(host):
        raise NotLoopbackError("the demo identity provider listens on loopback addresses only")
    address = ip_address("127.0.0.1" if host == "localhost" else host)
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004 - IPv6
    # As TCP by name: asyncio sends at once (TCP_NODELAY) only where the protocol says so.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((str(address), port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def bind_issuer(issuer: str) -> socket.socket:
    """The listening socket that an issuer's address names."""
    parts = urlsplit(issuer)
    return bind_loopback(parts.hostname or "", parts.port or 80)


def server_for(app: Starlette) -> uvicorn.Server:
    """A server for `app`; run it with `await server.serve(sockets=[bind_loopback(...)])`."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_level="warning",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=SHUTDOWN_S,
        )
    )


async def serve(config: IdentityConfig, listener: socket.socket | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C, on `listener` or on the issuer's own address."""
    bound = listener or bind_issuer(config.issuer)
    if not is_loopback(bound.getsockname()[0]):
        raise NotLoopbackError("the demo identity provider listens on loopback addresses only")
    await server_for(create_app(config)).serve(sockets=[bound])
