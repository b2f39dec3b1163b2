"""`demo.json`: where everything is and who may use it. Its fields are fixed; other tools rely on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from aidial.seed.tenants import CLIENTS, KEYS, PEOPLE
from aidial_identity.files import write_private

if TYPE_CHECKING:
    from pathlib import Path

    from aidial.demo.environment import Effective
    from aidial.demo.memory import Secrets


def write_manifest(path: Path, known: Effective, secrets: Secrets) -> None:
    """Write the file in one step, mode 0600. It holds passwords and keys: never log it."""
    write_private(path, msgspec.json.format(msgspec.json.encode(manifest(known, secrets)), indent=2) + b"\n")


def manifest(known: Effective, secrets: Secrets) -> dict[str, Any]:
    """The content; the order of each list is a promise (the first person of a role is the one meant)."""
    return {
        "portal_url": known.portal_url,
        "api_url": known.api_url,
        "issuer": known.issuer,
        "database_url": known.database_url,
        "users": [
            {
                "email": person.email,
                "password": secrets.people[person.email].password,
                "otp": {"secret": otp} if (otp := secrets.people[person.email].otp_secret) else None,
                "role": person.role,
                "client_ids": person.client_ids,
                "project_ids": person.project_ids,
                "partner_org": person.partner_org_id,
            }
            for person in PEOPLE
        ],
        "api_keys": [
            {
                "key": secrets.api_key(key),
                "scope": key.scope,
                "client_id": key.client_id,
                "environment": key.environment,
            }
            for key in KEYS
        ],
        "clients": [
            {
                "client_id": client.client_id,
                "name": client.business.name,
                "projects": [
                    {
                        "project_id": project.project_id,
                        "name": project.name,
                        "timezone": client.business.timezone,
                    }
                    for project in client.business.projects
                ],
            }
            for client in CLIENTS
        ],
    }
