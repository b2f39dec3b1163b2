"""Where a section is kept: with its tenant, or with a project.

The one thing a newcomer would get wrong: `save` of a project's section holds the project first, because it
publishes; two saves and a partner's publication of one project wait for each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import asyncpg

from aidial_api.kernel import client_settings, project_settings, project_versions
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.whole_clients import is_whole
from aidial_contract.ids import parse_uuid
from aidial_contract.section import Section

NO_PROJECT: Final = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save left: its row, and the number of the project's version in which it was published."""

    row: asyncpg.Record
    number: int | None = None


class Place(Protocol):
    """One section of one tenant or project; `section` is what it is about."""

    async def find(self, ask: Ask) -> asyncpg.Record | None:
        """What is there, through the scope; what the default is made of besides."""

    async def save(self, ask: Ask, value: str, before: str | None) -> Saved | None:
        """Write JSON over the version the body names; None when another is there.

        `before` is what counted before the first save, when this is the first.
        """

    async def history(self, ask: Ask, older_than: int | None, most: int) -> list[asyncpg.Record]:
        """Versions before one, newest first, with their values."""

    async def current_version(self, ask: Ask) -> int:
        """What the version is now."""

    async def is_whole(self, ask: Ask, client_id: str) -> bool:
        """Whether the asker reaches everything that the section is about."""


@dataclass(frozen=True, slots=True)
class OfTenant:
    """With the asker's own tenant."""

    section: Section

    async def find(self, ask: Ask) -> asyncpg.Record | None:
        """The section of the asker's own tenant."""
        own, slug = ask.actor.own_client_id, self.section.slug
        return await client_settings.find(ask.tx, own, ask.reach.client_ids, slug)

    async def save(self, ask: Ask, value: str, before: str | None) -> Saved | None:
        """A save is in force at once: there is no other copy."""
        client_id, slug = ask.found["client_id"], self.section.slug
        version, by = ask.body.expected_version, ask.actor.label
        row = await client_settings.save(ask.tx, client_id, slug, value, version, by, before=before)
        return None if row is None else Saved(row)

    async def history(self, ask: Ask, older_than: int | None, most: int) -> list[asyncpg.Record]:
        """Whoever wrote: people, and AiDial's operators."""
        place = ask.found["client_id"], self.section.slug
        return await client_settings.history(ask.tx, *place, older_than, most)

    async def current_version(self, ask: Ask) -> int:
        """1 when it was never saved."""
        return await client_settings.current_version(ask.tx, ask.found["client_id"], self.section.slug)

    async def is_whole(self, ask: Ask, client_id: str) -> bool:
        """Of a section about all projects: those who are assigned to some of them do not."""
        return not self.section.of_all_lines or await is_whole(ask.tx, client_id, ask.reach)


@dataclass(frozen=True, slots=True)
class OfProject:
    """With the project that the path names."""

    section: Section

    async def find(self, ask: Ask) -> asyncpg.Record | None:
        """The section of a project in reach."""
        project_id = parse_uuid(ask.path["project_id"]) or NO_PROJECT
        return await project_settings.find(ask.tx, ask.reach, project_id, self.section.slug)

    async def save(self, ask: Ask, value: str, before: str | None) -> Saved | None:
        """Saved, and published where the runtime works by it: both or neither."""
        place = ask.found["client_id"], ask.found["project_id"], self.section.slug
        if self.section.in_runtime:
            await project_versions.hold(ask.tx, *place[:2])
        version, by = ask.body.expected_version, ask.actor.label
        row = await project_settings.save(ask.tx, *place, value, version, by, before=before)
        if row is None or not self.section.in_runtime:
            return None if row is None else Saved(row)
        note = f"Settings: {self.section.slug}, version {row['version']}"
        published = await project_versions.publish(ask.tx, *place, value, note, ask.actor.label)
        return Saved(row, published["number"])

    async def history(self, ask: Ask, older_than: int | None, most: int) -> list[asyncpg.Record]:
        """What was saved here; what a partner published besides is in the project's versions."""
        place = ask.found["client_id"], ask.found["project_id"], self.section.slug
        return await project_settings.history(ask.tx, *place, older_than, most)

    async def current_version(self, ask: Ask) -> int:
        """1 when it was never saved."""
        place = ask.found["client_id"], ask.found["project_id"], self.section.slug
        row = await project_settings.current(ask.tx, *place)
        return project_settings.FIRST_VERSION if row is None else int(row["version"])

    async def is_whole(self, ask: Ask, client_id: str) -> bool:  # noqa: ARG002 - as of a tenant
        """It was found because the project is in reach."""
        return True


def place_of(section: Section) -> Place:
    """Where a section is kept."""
    return OfProject(section) if section.per_project else OfTenant(section)
