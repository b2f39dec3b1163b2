"""Sections of settings that every project has of its own, on the wire.

The one thing a newcomer would get wrong: the browser is told no project's id. The portal's documents carry
`project_ref`, which is opaque and one person's; `/v1` has the id in its path.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from aidial_contract.checking import TEXT_PATTERN
from aidial_contract.shapes.common import Incoming, Label, Outgoing
from aidial_contract.shapes.settings import ExpectedVersion, SettingsDocument, SettingsProject

MAX_GREETING: Final = 500
Greeting = Annotated[
    str, Meta(max_length=MAX_GREETING, pattern=TEXT_PATTERN, description="Empty: the agent's own")
]
Minutes = Annotated[int, Meta(ge=5, le=30, description="Whole minutes")]


class CallLimits(Outgoing):
    """`call-limits`: what callers hear first, whether they may speak over it, how long a call may last.

    A summary leaves `greeting` null.
    """

    greeting: Greeting | None
    interruptible: bool
    max_duration_minutes: Minutes


class NewCallLimits(Incoming):
    """What a save of `call-limits` takes: the whole value."""

    greeting: Greeting
    interruptible: bool
    max_duration_minutes: Minutes


class CallLimitsDocument(SettingsDocument, kw_only=True):
    """`GET /v1/projects/{project_id}/settings/call-limits`."""

    working: CallLimits
    published: CallLimits


class PortalCallLimits(CallLimitsDocument, kw_only=True):
    """`GET /api/settings/call-limits`."""

    project_ref: str
    projects: list[SettingsProject]


class CallLimitsChange(Incoming):
    """`PUT /v1/projects/{project_id}/settings/call-limits`."""

    value: NewCallLimits
    expected_version: ExpectedVersion | None = None


class PortalCallLimitsChange(CallLimitsChange, kw_only=True):
    """`PUT /api/settings/call-limits`; without `project_ref` it is the first project's."""

    project_ref: Label | None = None
