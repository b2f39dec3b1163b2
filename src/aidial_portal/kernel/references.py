"""Opaque references to projects: what settings show a browser instead of an id.

The one thing a newcomer would get wrong: a reference is one person's; the same project has another one for
somebody else, so references are looked up among what the person reaches, never in a table.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aidial_contract.scope import ProjectReach, Reach

_BYTES = 16


def project_reference(key: bytes, subject: str, project_id: str) -> str:
    """22 characters of base64url, the same for this person and project while the secret lasts."""
    message = f"{len(subject)}!{subject}!{project_id}".encode()
    digest = hmac.new(key, message, hashlib.sha256).digest()[:_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def project_of(key: bytes, subject: str, reach: Reach, reference: str) -> ProjectReach | None:
    """The project in reach that a reference means to this person, or None; every project is compared."""
    found = None
    for project in reach.projects:
        own = project_reference(key, subject, project.project_id)
        if hmac.compare_digest(own.encode(), reference.encode("utf-8", "replace")):
            found = project
    return found
