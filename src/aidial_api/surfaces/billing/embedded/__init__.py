"""The embedded billing provider: it counts our calls and keeps its books in our database."""

from __future__ import annotations

from aidial_api.surfaces.billing.embedded.paper import Issuer
from aidial_api.surfaces.billing.embedded.provider import EmbeddedProvider

__all__ = ["EmbeddedProvider", "Issuer"]
