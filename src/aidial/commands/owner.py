"""The owner's database URL and other values that several commands read from the environment."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING, Any

from aidial.stops import CommandStopped, Exit
from aidial_contract.database_url import database_url
from aidial_contract.settings import ConfigurationError, Setting, load

if TYPE_CHECKING:
    from collections.abc import Mapping

OWNER_URL, APP_URL = "AIDIAL_DATABASE_OWNER_URL", "DATABASE_URL"


def read(settings: tuple[Setting, ...], environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The values, or `CommandStopped` with code 78 that names every missing or bad one."""
    try:
        return load(settings, environ)
    except ConfigurationError as error:
        raise incomplete(error) from None


def incomplete(error: ConfigurationError) -> CommandStopped:
    """Code 78, naming every missing or bad setting."""
    lines = "".join(f"\n  {name}: {reason}" for name, reason in error.problems.items())
    return CommandStopped(f"the configuration is not complete{lines}", Exit.CONFIGURATION)


def owner_url(environ: Mapping[str, str] = os.environ) -> str:
    """AIDIAL_DATABASE_OWNER_URL, else DATABASE_URL; code 78 when neither is set or one is bad."""
    values = read((Setting(OWNER_URL, database_url), Setting(APP_URL, database_url)), environ)
    url: str | None = values[OWNER_URL] or values[APP_URL]
    if url is None:
        raise CommandStopped(
            f"the configuration is not complete\n  {OWNER_URL} (or {APP_URL}): missing", Exit.CONFIGURATION
        )
    return url


def master_key(raw: str) -> bytes:
    """AIDIAL_MASTER_KEY: 32 bytes as base64. ValueError says what it must be."""
    try:
        key = base64.b64decode(raw.strip(), validate=True)
    except ValueError:
        raise ValueError("must be base64") from None
    if len(key) != 32:  # noqa: PLR2004 - AES-256
        raise ValueError("must be 32 bytes of base64")
    return key
