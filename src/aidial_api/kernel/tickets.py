"""A stored ticket as lists show it: customers' own, and the queue of those who answer.

The one thing a newcomer would get wrong: what people wrote is not here. It is encrypted, and read with one
ticket only.
"""

from __future__ import annotations

from typing import Final

import asyncpg

from aidial_contract.shapes.support import TicketEntry, TicketPerson

_COLUMNS: Final = (
    "client_id, ticket_id, project_id, status, priority, category, subject, created_by, created_by_name,"
    " created_by_side, owner, owner_name, comment_count, created_at, updated_at, version"
)
LIST_COLUMNS: Final = ", ".join(f"t.{name.strip()}" for name in _COLUMNS.split(","))
"""What `entry` needs of `tickets t`."""


def entry(row: asyncpg.Record) -> TicketEntry:
    """A ticket as lists show it."""
    owner = None
    if row["owner"] is not None:
        owner = TicketPerson(user_id=str(row["owner"]), name=row["owner_name"], side="support")
    return TicketEntry(
        ticket_id=str(row["ticket_id"]),
        client_id=row["client_id"],
        project_id=str(row["project_id"]),
        status=row["status"],
        priority=row["priority"],
        category=row["category"],
        subject=row["subject"],
        created_by=TicketPerson(
            user_id=str(row["created_by"]), name=row["created_by_name"], side=row["created_by_side"]
        ),
        owner=owner,
        comment_count=row["comment_count"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        version=row["version"],
    )
