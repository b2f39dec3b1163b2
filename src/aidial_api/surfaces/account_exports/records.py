"""The statements behind an account export, and how a row of each becomes a record of the file.

The one thing a newcomer would get wrong: every text that a spreadsheet would take for a formula is led by an
apostrophe, however deep it lies; and nothing is a float, so that the file's canonical form is plain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import msgspec

from aidial_contract.csv_text import neutral
from aidial_contract.sections import BY_SLUG

NO_ID: Final = "00000000-0000-0000-0000-000000000000"
LONG_AGO: Final = datetime(1, 1, 2, tzinfo=UTC)
USER_MEMBERS: Final = (
    "user_id", "email", "first_name", "last_name", "timezone", "language", "role", "status",
    "second_factor_required", "every_project", "project_ids", "since",
)  # fmt: skip
CONFIGURATION_MEMBERS: Final = (
    "kind", "project_id", "name", "version", "changed_at", "changed_by", "summary", "left_out",
)  # fmt: skip
EVENT_MEMBERS: Final = (
    "event_id", "at", "actor_kind", "actor_id", "actor_label", "action", "target_kind", "target_id",
    "project_id", "outcome", "why", "request_id", "source_ip", "policy", "metadata",
)  # fmt: skip
TICKET_MEMBERS: Final = (
    "ticket_id", "project_id", "status", "priority", "category", "subject", "created_by", "created_by_side",
    "owner", "recipients", "call_ids", "comment_count", "created_at", "updated_at", "version",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL of client, moment, projects and how many ($1 to $4), then the keyset from `first` by `order`."""

    sql: str
    order: tuple[str, ...]
    first: tuple[Any, ...]
    record: Callable[[asyncpg.Record], dict[str, Any]]


def safe(value: Any) -> Any:
    """A value as JSON holds it, texts neutralised for spreadsheets."""
    if value is None or isinstance(value, bool | int | datetime):
        return value
    if isinstance(value, Mapping):
        return {str(name): safe(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [safe(one) for one in value]
    return neutral(str(value))


def _columns(*names: str) -> Callable[[asyncpg.Record], dict[str, Any]]:
    def record(row: asyncpg.Record) -> dict[str, Any]:
        return {name: safe(row[name]) for name in names}

    return record


USERS: Final = Statement(
    """
    SELECT u.user_id, u.email, u.first_name, u.last_name, u.timezone, u.language, m.role, m.status,
           u.mfa_required AS second_factor_required, m.created_at AS since,
           EXISTS (SELECT FROM assignments a WHERE a.client_id = m.client_id AND a.user_id = m.user_id
                   AND a.project_id IS NULL) AS every_project,
           ARRAY(SELECT a.project_id FROM assignments a WHERE a.client_id = m.client_id
                 AND a.user_id = m.user_id AND a.project_id = any($3::uuid[]) ORDER BY 1) AS project_ids
    FROM memberships m JOIN users u ON u.user_id = m.user_id
    WHERE m.client_id = $1 AND m.created_at <= $2 AND m.user_id > $5::uuid
        AND NOT (EXISTS (SELECT FROM assignments a WHERE a.client_id = m.client_id AND a.user_id = m.user_id)
            AND NOT EXISTS (
                SELECT FROM assignments a WHERE a.client_id = m.client_id AND a.user_id = m.user_id
                AND (a.project_id IS NULL OR a.project_id = any($3::uuid[]))))
    ORDER BY m.user_id LIMIT $4
    """,
    ("user_id",),
    (NO_ID,),
    _columns(*USER_MEMBERS),
)


def _project(row: asyncpg.Record) -> dict[str, Any]:
    summary = ("timezone", "is_active", "max_duration_minutes", "published_version")
    return {
        "kind": "project",
        "project_id": safe(row["project_id"]),
        "name": safe(row["display_name"]),
        "version": row["version"],
        "changed_at": row["published_at"],
        "changed_by": safe(row["published_by"]),
        "summary": {name: safe(row[name]) for name in summary},
        "left_out": [],
    }


PROJECTS: Final = Statement(
    """
    SELECT p.project_id, p.display_name, p.timezone, p.is_active, p.max_duration_minutes, p.version,
           v.number AS published_version, v.published_at, v.published_by
    FROM projects p LEFT JOIN LATERAL (
        SELECT v.number, v.published_at, v.published_by FROM project_versions v
        WHERE v.client_id = p.client_id AND v.project_id = p.project_id
        ORDER BY v.number DESC LIMIT 1) v ON true
    WHERE p.client_id = $1 AND p.created_at <= $2 AND p.project_id = any($3::uuid[])
        AND p.project_id > $5::uuid
    ORDER BY p.project_id LIMIT $4
    """,
    ("project_id",),
    (NO_ID,),
    _project,
)


def _section(row: asyncpg.Record) -> dict[str, Any]:
    """A section with the members that are named for it; of one that nobody knows only yes, no and numbers."""
    value: dict[str, Any] = msgspec.json.decode(row["value"])
    known = BY_SLUG.get(row["section"])
    if known is not None:
        shown, left_out = _named(value, known.exported), list(known.left_out)
    else:
        shown = {name: one for name, one in value.items() if one is None or isinstance(one, bool | int)}
        left_out = sorted(value.keys() - shown.keys())
    return {
        "kind": "settings",
        "project_id": safe(row["project_id"]),
        "name": safe(row["section"]),
        "version": row["version"],
        "changed_at": row["changed_at"],
        "changed_by": safe(row["changed_by"]),
        "summary": safe(shown),
        "left_out": left_out,
    }


def _named(value: Mapping[str, Any], paths: Sequence[str]) -> dict[str, Any]:
    """The members of a stored value that are named, as far as it has them."""
    shown: dict[str, Any] = {}
    for path in paths:
        *parents, name = path.split("/")
        held: Any = value
        for parent in parents:
            held = held.get(parent, {})
        if name not in held:
            continue
        place = shown
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = held[name]
    return shown


SECTIONS: Final = Statement(
    """
    SELECT s.section, NULL AS project_id, s.value, s.version, s.changed_at, s.changed_by
    FROM client_settings s
    WHERE s.client_id = $1 AND $2::timestamptz IS NOT NULL AND $3::uuid[] IS NOT NULL
        AND s.section > $5 ORDER BY s.section LIMIT $4
    """,
    ("section",),
    ("",),
    _section,
)


PROJECT_SECTIONS: Final = Statement(
    """
    SELECT s.section, s.project_id, s.value, s.version, s.changed_at, s.changed_by FROM project_settings s
    WHERE s.client_id = $1 AND $2::timestamptz IS NOT NULL AND s.project_id = any($3::uuid[])
        AND (s.project_id, s.section) > ($5::uuid, $6) ORDER BY s.project_id, s.section LIMIT $4
    """,
    ("project_id", "section"),
    (NO_ID, ""),
    _section,
)


def _event(row: asyncpg.Record) -> dict[str, Any]:
    named = {name: safe(row[name]) for name in EVENT_MEMBERS if name != "metadata"}
    text = row["technical"]
    return {**named, "metadata": None if text is None else safe(msgspec.json.decode(text))}


EVENTS: Final = Statement(
    """
    SELECT e.event_id, e.at, e.actor_kind, e.actor_id, e.actor_label, e.action, e.target_kind, e.target_id,
           e.project_id, e.outcome, e.why, e.request_id, host(e.ip) AS source_ip, e.policy, e.technical
    FROM audit_events e
    WHERE e.client_id = $1 AND e.at <= $2 AND (e.project_id IS NULL OR e.project_id = any($3::uuid[]))
        AND (e.at, e.event_id) > ($5::timestamptz, $6::uuid) ORDER BY e.at, e.event_id LIMIT $4
    """,
    ("at", "event_id"),
    (LONG_AGO, NO_ID),
    _event,
)


def _ticket(row: asyncpg.Record) -> dict[str, Any]:
    return {name: safe(row[name]) for name in TICKET_MEMBERS}


TICKETS: Final = Statement(
    """
    SELECT t.ticket_id, t.project_id, t.status, t.priority, t.category, t.subject,
           t.created_by_name AS created_by, t.created_by_side, t.owner_name AS owner, t.recipients,
           t.call_ids, t.comment_count, t.created_at, t.updated_at, t.version
    FROM tickets t
    WHERE t.client_id = $1 AND t.created_at <= $2 AND t.project_id = any($3::uuid[])
        AND (t.created_at, t.ticket_id) > ($5::timestamptz, $6::uuid)
    ORDER BY t.created_at, t.ticket_id LIMIT $4
    """,
    ("created_at", "ticket_id"),
    (LONG_AGO, NO_ID),
    _ticket,
)
