"""The signed-in session of one request: read from NextAuth's cookie, never from anything else.

The one thing a newcomer would get wrong: a readable cookie is not yet a session. The API's registry says
whether it still is one, on every request (`context.py` asks it at most once in 0.8 s).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aidial_contract import errors
from aidial_contract.access import INTERNAL_ROLES, Role
from aidial_contract.fault import Fault
from aidial_contract.ids import parse_uuid
from aidial_contract.scope import NOTHING, ProjectReach, Reach
from aidial_portal.kernel.tokens import TokenSet, tokens_of_claims

if TYPE_CHECKING:
    from aidial_contract.shapes.sessions import SessionContext


_ROLES = {str(role): role for role in Role}


@dataclass(slots=True)
class Session:
    """Who is signed in. `tokens` is replaced by a refresh; `context` is None while the API cannot say."""

    session_id: str
    subject: str
    claims: dict[str, Any] = field(repr=False)
    cookie_generation: int
    tokens: TokenSet = field(repr=False)
    context: SessionContext | None = None

    @property
    def known(self) -> SessionContext:
        """The context; the guard made sure of it on every row that does not degrade."""
        if self.context is None:
            raise Fault(errors.SESSION_SERVICE_UNAVAILABLE, reason="the session context is not known")
        return self.context

    @property
    def role(self) -> Role | None:
        """The person's role; None without an active assignment."""
        role = self.known.role
        return _ROLES.get(role) if role is not None else None

    @property
    def is_internal(self) -> bool:
        """Whether the person works for AiDial."""
        return self.role in INTERNAL_ROLES

    @property
    def reach(self) -> Reach:
        """Every client and project the person reaches."""
        if self.context is None:
            return NOTHING
        projects = tuple(
            ProjectReach(project.client_id, project.project_id, project.timezone)
            for project in self.context.projects
        )
        return Reach(tuple(client.client_id for client in self.context.clients), projects)


def session_of_claims(claims: dict[str, Any]) -> Session:
    """The session a decrypted cookie means, or 401 `session_claims_missing`."""
    subject, session_id = claims.get("sub"), claims.get("session_id")
    token, expires_at = claims.get("access_token"), claims.get("expires_at")
    if not isinstance(subject, str) or not subject or not isinstance(token, str) or not token:
        raise Fault(errors.SESSION_CLAIMS_MISSING, reason="sub or access_token")
    if not isinstance(session_id, str) or parse_uuid(session_id) is None:
        raise Fault(errors.SESSION_CLAIMS_MISSING, reason="session_id")
    if isinstance(expires_at, bool) or not isinstance(expires_at, int | float):
        raise Fault(errors.SESSION_CLAIMS_MISSING, reason="expires_at")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise Fault(errors.SESSION_CLAIMS_MISSING, reason="access_token is no token")
    tokens = tokens_of_claims(claims)
    return Session(session_id, subject, claims, tokens.generation, tokens)
