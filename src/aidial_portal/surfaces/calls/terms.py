"""What a project calls its outcomes, resolutions and call types.

The one thing a newcomer would get wrong: labels are for reading. Filters, addresses and calls hold codes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aidial_contract.shapes.workspace import TERM_LISTS
from aidial_portal.design.filters import worded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aidial_contract.shapes.workspace import ProjectTaxonomy

Labels = dict[str, str]


@dataclass(frozen=True, slots=True)
class Terms:
    """Labels by project and kind (`outcome`, `resolution`, `call_type`); none where nothing was published."""

    labels: Mapping[tuple[str, str], Labels] = field(default_factory=dict)

    @classmethod
    def of(cls, taxonomies: Iterable[ProjectTaxonomy]) -> Terms:
        """The labels of projects' taxonomies."""
        return cls(
            {
                (one.project_id, kind): {term.code: term.label for term in getattr(one, name)}
                for one in taxonomies
                for name, kind in TERM_LISTS.items()
            }
        )

    def say(self, kind: str, project_id: str, text: str | None) -> str | None:
        """A value of a call as people read it."""
        known = self.labels.get((project_id, kind), {}).get(text or "")
        return known or worded(text)

    def known(self, kind: str) -> Labels:
        """Every value there is of a kind, of all projects."""
        every: Labels = {}
        for (_, of_kind), labels in self.labels.items():
            if of_kind == kind:
                every |= labels
        return every


NO_TERMS: Final = Terms()
