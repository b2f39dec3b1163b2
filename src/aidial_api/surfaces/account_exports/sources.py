"""What an account export is made of: a source a category, read a part at a time.

The one thing a newcomer would get wrong: columns are named one by one. What is encrypted, raw or secret is
not among them, so it cannot slip into a file by being added to a table.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from aidial_api.surfaces.account_exports import records
from aidial_contract.access import Level, Permission, Role, level_of
from aidial_contract.shapes.account_exports import ExportCategory

if TYPE_CHECKING:
    from aidial_api.kernel.transaction import Tx

FORMAT: Final = "aidial-account-export/1"
PART_ROWS: Final = 500
Row = dict[str, Any]
Begin = Callable[[], AbstractAsyncContextManager["Tx"]]
Note = Callable[["Tx", int], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Question:
    """Whose account, of which projects, as it was at which moment."""

    client_id: str
    project_ids: Sequence[str]
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One category. `permission` is what its reader must hold; `statements` are read one after another."""

    category: ExportCategory
    permission: Permission
    title: str
    description: str
    members: tuple[str, ...]
    statements: tuple[records.Statement, ...]

    async def parts(self, begin: Begin, question: Question, note: Note) -> AsyncGenerator[list[Row], None]:
        """Records by at most `PART_ROWS`, each read in its own transaction, where `note` hears of it."""
        for statement in self.statements:
            after: Sequence[Any] = statement.first
            while True:
                async with begin() as tx:
                    found = await tx.fetch(
                        statement.sql,
                        question.client_id,
                        question.read_at,
                        list(question.project_ids),
                        PART_ROWS,
                        *after,
                    )
                    await note(tx, len(found))
                yield [statement.record(row) for row in found]
                if len(found) < PART_ROWS:
                    break
                after = [found[-1][name] for name in statement.order]

    def policy_digest(self, role: Role | None) -> str | None:
        """What decides what is in it for a role; None for one that may not read it."""
        level: Level | None = None if role is None else level_of(role, self.permission)
        if level is None:
            return None
        said = [FORMAT, self.category, self.permission, level, self.members]
        return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


SOURCES: Final[dict[ExportCategory, Source]] = {
    source.category: source
    for source in (
        Source(
            category="users",
            permission=Permission.ACCOUNT_EXPORTS_MANAGE,
            title="Users",
            description="Everybody who was given access to your organisation, with role, state and projects;"
            " nobody who is only of projects that you do not reach.",
            members=records.USER_MEMBERS,
            statements=(records.USERS,),
        ),
        Source(
            category="configuration_summaries",
            permission=Permission.TENANT_SETTINGS_VIEW,
            title="Configuration summaries",
            description="Your projects and the summary of each section of settings, with versions.",
            members=records.CONFIGURATION_MEMBERS,
            statements=(records.PROJECTS, records.SECTIONS, records.PROJECT_SECTIONS),
        ),
        Source(
            category="audit_events",
            permission=Permission.AUDIT_VIEW,
            title="Activity log",
            description="Every event of your activity log: who did what, when, with which result and why.",
            members=records.EVENT_MEMBERS,
            statements=(records.EVENTS,),
        ),
        Source(
            category="support_tickets",
            permission=Permission.SUPPORT_USE,
            title="Support tickets",
            description="Your tickets: subject, state and people. What was written in them is encrypted and"
            " left out.",
            members=records.TICKET_MEMBERS,
            statements=(records.TICKETS,),
        ),
    )
}
"""By category, in the catalogue's order."""

EXCLUDED: Final = (
    "calls, recordings and transcripts, which are exported on the Calls page",
    "phone numbers in full, and everything that is encrypted",
    "passwords, API keys, tokens and references to secrets",
    "raw configuration files, how files are stored, and traces of services",
)
