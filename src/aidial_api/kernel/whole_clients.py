"""Whether somebody reaches a client with all its projects.

The one thing a newcomer would get wrong: being assigned to one project of a client puts the client in reach.
What governs all of its projects is therefore found through this besides, in the statement that finds it.
"""

from __future__ import annotations

from typing import Final

from aidial_api.kernel.transaction import Tx
from aidial_contract.scope import Reach


def whole(client: str, projects: str) -> str:
    """SQL: whether every project of a client is among those given; null stands for all there are."""
    return (
        f"({projects}::uuid[] IS NULL OR NOT EXISTS (SELECT FROM projects p"
        f" WHERE p.client_id = {client} AND p.project_id <> all({projects})))"
    )


def projects_of(reach: Reach) -> list[str] | None:
    """The projects in reach, as `whole` takes them."""
    return None if reach.every_project else [project.project_id for project in reach.projects]


_IS_WHOLE: Final = f"SELECT {whole('$1', '$2')}"


async def is_whole(tx: Tx, client_id: str, reach: Reach) -> bool:
    """Whether every project of a client is in reach."""
    return bool(await tx.fetchval(_IS_WHOLE, client_id, projects_of(reach)))
