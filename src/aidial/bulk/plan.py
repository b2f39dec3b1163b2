"""Whose calls, how many, in which order: slices of time, every tenant's calls of a slice together.

The one thing a newcomer would get wrong: tenants are mixed as in life, call after call. Loading one after the
other would give each its own pages on disk, and nobody would notice what neighbours cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from math import ceil

from aidial.seed import BUSINESSES, Business
from aidial.seed.businesses import Project, stable_uuid7

SLICE_CALLS = 40_000
OTHER_LINES_SHARE = 20
"""Hundredths of a tenant's calls that all lines but the first share."""


@dataclass(frozen=True, slots=True)
class Line:
    """A project of a tenant: whose words it speaks and how many calls it gets."""

    client_id: str
    project_id: str
    business: Business
    project: Project
    count: int

    def up_to(self, part: int, parts: int) -> int:
        """How many of its calls come before a slice of so many."""
        return self.count * part // parts


@dataclass(frozen=True, slots=True)
class Tenant:
    """A client to be made, or one that is there."""

    client_id: str
    business: Business
    count: int

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.business.name} {self.client_id.rpartition('-')[2]}"

    def lines(self, project_ids: Sequence[str] = ()) -> list[Line]:
        """Its projects with their calls, the busiest first; ids of its own unless these are given."""
        known = {stable_uuid7(f"project {self.client_id} {one.name}"): one for one in self.business.projects}
        known |= {one.project_id: one for one in self.business.projects if one.project_id in project_ids}
        ids = [one for one in known if one in project_ids or not project_ids]
        ids += [one for one in project_ids if one not in known]
        others = len(ids) - 1
        each = self.count * OTHER_LINES_SHARE // 100 // others if others else 0
        return [
            Line(
                self.client_id,
                project_id,
                self.business,
                known.get(project_id, self.business.projects[0]),
                each if at else self.count - each * others,
            )
            for at, project_id in enumerate(ids)
        ]


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that decides which calls come about."""

    tenants: tuple[Tenant, ...]
    until: datetime
    days: int
    seed: int

    @property
    def total(self) -> int:
        """Calls of all tenants."""
        return sum(tenant.count for tenant in self.tenants)

    @property
    def slices(self) -> int:
        """How many transactions it takes."""
        return max(1, ceil(self.total / SLICE_CALLS))


def tenants(calls: int, number: int, share: float, first: str) -> tuple[Tenant, ...]:
    """`number` tenants; the first, called `first`, gets its share, the others the rest in equal parts."""
    others = number - 1
    of_first = calls if not others else round(calls * share)
    each, left = divmod(calls - of_first, others) if others else (0, 0)
    made = [Tenant(first, BUSINESSES[0], of_first)]
    for at in range(1, number):
        business = BUSINESSES[at % len(BUSINESSES)]
        made.append(Tenant(f"seed-{at + 1:04d}", business, each + (at <= left)))
    return tuple(one for one in made if one.count)


def external_id(seed: int, line: Line, index: int) -> str:
    """The n-th call's name for ever, so that a second run finds what the first one wrote."""
    digest = sha256(f"bulk:{seed}:{line.project_id}:{line.count}:{index}".encode()).hexdigest()
    return f"bulk-{digest[:16]}"
