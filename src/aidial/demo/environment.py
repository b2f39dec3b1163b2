"""What the demo's children are told: the demo's defaults under the caller's own environment.

The one thing a newcomer would get wrong: a variable that is set (also as `<NAME>_FILE`) wins over the demo
everywhere, so its effective value is read from here and not from the secrets.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aidial.commands.owner import APP_URL, OWNER_URL, master_key, read
from aidial_contract.settings import Setting, http_url, text
from aidial_portal.settings import portal_url

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aidial.demo.memory import Secrets

API_TIMEOUT_MS = 5000
CLIENT_ID = "aidial-portal"
AUDIENCE = "aidial-api"

_PORTALS_OWN = ("NEXTAUTH_SECRET",)
_APIS_OWN = (APP_URL, OWNER_URL, "AIDIAL_MASTER_KEY", "AIDIAL_STORAGE_SECRET")
_SETTINGS = (
    Setting("ZITADEL_ISSUER", http_url),
    Setting("NEXTAUTH_URL", portal_url),
    Setting("NEXTAUTH_SECRET", str),
    Setting("AIDIAL_API_BASE_URL", http_url),
    Setting("AIDIAL_API_TIMEOUT_MS", text, default=str(API_TIMEOUT_MS)),
    Setting("ZITADEL_CLIENT_ID", text, default=CLIENT_ID),
    Setting("ZITADEL_CLIENT_SECRET", str),
    Setting("AIDIAL_API_AUDIENCE", text, default=AUDIENCE),
    Setting("AIDIAL_MASTER_KEY", master_key),
    Setting("AIDIAL_STORAGE_URL", text),
)


def names_database(environ: Mapping[str, str]) -> bool:
    """Whether the caller brings a PostgreSQL."""
    return bool(environ.get(APP_URL) or environ.get(f"{APP_URL}_FILE"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """Every value as it holds for this start. URLs end without a slash.

    `own_issuer` is where the demo's own provider is, or None when ZITADEL_ISSUER names another.
    """

    portal_url: str
    api_url: str
    issuer: str
    own_issuer: str | None
    client_id: str
    client_secret: str = field(repr=False)
    audience: str
    master_key: bytes = field(repr=False)
    database_url: str = field(repr=False)
    owner_url: str = field(repr=False)
    api_env: Mapping[str, str] = field(repr=False)
    portal_env: Mapping[str, str] = field(repr=False)
    identity_env: Mapping[str, str] = field(repr=False)


def with_checkpoints(environ: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """The caller's environment; checkpoints of the activity log go to `folder` unless it says where."""
    name = "AIDIAL_AUDIT_CHECKPOINTS"
    if environ.get(name) or environ.get(f"{name}_FILE"):
        return environ
    return {**environ, name: folder.resolve().as_uri()}


def effective(
    environ: Mapping[str, str],
    secrets: Secrets,
    *,
    ports: tuple[int, int, int],
    database_url: str,
    owner_url: str,
    files_url: str = "file:///var/lib/aidial/files",
) -> Effective:
    """Lay the caller's environment over the demo's defaults. `ports` are the portal's, API's, provider's.

    `CommandStopped` (code 78) when a variable of the caller's is bad.
    """
    portal_port, api_port, idp_port = ports
    given = read(_SETTINGS, environ)
    own_issuer = f"http://127.0.0.1:{idp_port}"
    api_url = f"http://127.0.0.1:{api_port}"
    key: bytes = given["AIDIAL_MASTER_KEY"] or base64.b64decode(secrets.master_key)
    values: dict[str, Any] = {
        "NEXTAUTH_URL": given["NEXTAUTH_URL"] or f"http://localhost:{portal_port}",
        "NEXTAUTH_SECRET": given["NEXTAUTH_SECRET"] or secrets.nextauth_secret,
        "AIDIAL_API_BASE_URL": given["AIDIAL_API_BASE_URL"] or api_url,
        "AIDIAL_API_TIMEOUT_MS": given["AIDIAL_API_TIMEOUT_MS"],
        "ZITADEL_ISSUER": given["ZITADEL_ISSUER"] or own_issuer,
        "ZITADEL_CLIENT_ID": given["ZITADEL_CLIENT_ID"],
        "ZITADEL_CLIENT_SECRET": given["ZITADEL_CLIENT_SECRET"] or secrets.client_secret,
        "AIDIAL_API_AUDIENCE": given["AIDIAL_API_AUDIENCE"],
    }
    apis = {
        APP_URL: database_url,
        "AIDIAL_MASTER_KEY": base64.b64encode(key).decode(),
        "AIDIAL_STORAGE_URL": given["AIDIAL_STORAGE_URL"] or files_url,
        **{n: values[n] for n in ("ZITADEL_ISSUER", "ZITADEL_CLIENT_ID", "AIDIAL_API_AUDIENCE")},
    }
    return Effective(
        portal_url=values["NEXTAUTH_URL"],
        api_url=api_url,
        issuer=values["ZITADEL_ISSUER"],
        own_issuer=None if given["ZITADEL_ISSUER"] else own_issuer,
        client_id=values["ZITADEL_CLIENT_ID"],
        client_secret=values["ZITADEL_CLIENT_SECRET"],
        audience=values["AIDIAL_API_AUDIENCE"],
        master_key=key,
        database_url=database_url,
        owner_url=owner_url,
        api_env=_env(environ, apis, without=(*_PORTALS_OWN, "ZITADEL_CLIENT_SECRET", OWNER_URL)),
        portal_env=_env(
            environ, {n: v for n, v in values.items() if n != "AIDIAL_API_AUDIENCE"}, without=_APIS_OWN
        ),
        identity_env=_env(environ, {}, without=(*_PORTALS_OWN, *_APIS_OWN, "ZITADEL_CLIENT_SECRET")),
    )


def _env(
    environ: Mapping[str, str], values: Mapping[str, str], *, without: tuple[str, ...]
) -> dict[str, str]:
    """The caller's environment with `values` in it; `without` are others' secrets, kept from this child."""
    hidden = {*without, *(f"{name}_FILE" for name in (*without, *values))}
    return {**{n: v for n, v in environ.items() if n not in hidden}, **values}
