"""`GET /v1/projects`."""

from __future__ import annotations

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.projects.store import list_projects
from aidial_contract.shapes.projects import Project, ProjectList


async def show_list(ask: Ask) -> Answer:
    """Every project in reach, inactive ones too."""
    rows = await list_projects(ask.tx, ask.reach)
    projects = [
        Project(
            project_id=str(row["project_id"]),
            client_id=row["client_id"],
            display_name=row["display_name"],
            timezone=row["timezone"],
            is_active=row["is_active"],
        )
        for row in rows
    ]
    return Answer(ProjectList(projects=projects))
