"""`GET /v1/projects`."""

from __future__ import annotations

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.projects.store import list_projects, list_terms
from aidial_contract.shapes.projects import Project, ProjectList
from aidial_contract.shapes.workspace import TERM_LISTS, ProjectTaxonomy, ShownTerm, TaxonomyList

_LISTS = {kind: name for name, kind in TERM_LISTS.items()}


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


async def show_taxonomies(ask: Ask) -> Answer:
    """What calls may be, of every project in reach that has published it."""
    found: dict[str, ProjectTaxonomy] = {}
    for row in await list_terms(ask.tx, ask.reach):
        project_id = row["project_id"]
        if project_id not in found:
            found[project_id] = ProjectTaxonomy(
                project_id=project_id,
                client_id=row["client_id"],
                outcomes=[],
                resolutions=[],
                call_types=[],
            )
        terms = getattr(found[project_id], _LISTS[row["kind"]])
        terms.append(ShownTerm(code=row["code"], label=row["label"]))
    return Answer(TaxonomyList(taxonomies=list(found.values())))
