"""An OpenID provider with Zitadel's paths and claims, for the demo and for tests.

The one thing a newcomer would get wrong: this is not an identity product. It binds and answers loopback
addresses only, its accounts come from one private JSON file, and nothing in the portal or the API knows it.
"""

from aidial_identity.app import create_app, provider_of
from aidial_identity.config import (
    Account,
    Client,
    ConfigError,
    IdentityConfig,
    Lifetimes,
    ServiceAccount,
    Throttle,
    load_config,
    save_config,
)
from aidial_identity.server import NotLoopbackError, bind_loopback, serve, server_for

__all__ = [
    "Account",
    "Client",
    "ConfigError",
    "IdentityConfig",
    "Lifetimes",
    "NotLoopbackError",
    "ServiceAccount",
    "Throttle",
    "bind_loopback",
    "create_app",
    "load_config",
    "provider_of",
    "save_config",
    "serve",
    "server_for",
]
