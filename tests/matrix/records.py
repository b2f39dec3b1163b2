"""Sorts of records that a path may name, and how to have one of Harbour's, a rival's and everybody else's.

    SORTS["ticket_id"] = Sort("tickets", make_ticket)

The one thing a newcomer would get wrong: only Harbour's own is made as people make it. The others are copies
of its row at other places, past every policy: they are there, and that is all a denial is about. They go away
with the block, because what they hold cannot be read there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from aidial.postgres import PostgresUrls
from aidial_contract.ids import new_api_key, new_id
from tests.people import (
    ADA,
    AFTER_HOURS,
    ALICE,
    BAYSIDE,
    BEN,
    CLOSED,
    CLOSED_LINE,
    FRONT_DESK,
    HARBOUR,
    NORTHSIDE,
    NORTHSIDE_LINE,
    PHYSIO_LINE,
    PRIYA,
    Someone,
)
from tests.support.askers import Asker
from tests.support.deletions import new_deletion
from tests.support.exports import asked_export, ready_export
from tests.support.holds import new_hold
from tests.support.reports import given_report
from tests.support.tickets import new_ticket
from tests.support.unlocks import new_unlock


class Place(Protocol):
    """A world or a town: somewhere records are made, through `/v1` or past every policy."""

    urls: PostgresUrls
    environ: dict[str, str]

    async def sql(self, statement: str, *values: object) -> Any:
        """One statement past every policy."""

    async def at_v1(self, someone: Someone) -> Asker:
        """A person who asks `/v1` itself."""


def _no_row(_row_name: str, _writes: bool) -> bool:  # noqa: FBT001 - a predicate of two words
    return False


def _rows_that_write(_row_name: str, writes: bool) -> bool:  # noqa: FBT001
    return writes


def _every_row(_row_name: str, _writes: bool) -> bool:  # noqa: FBT001
    return True


def _publishing(row_name: str, _writes: bool) -> bool:  # noqa: FBT001
    return row_name.endswith(".publish")


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of record: its table, and how Harbour's front desk comes by one (it gives the id).

    The table's id column is named as in the path. `of_project`: whether it has a `project_id`. `changed`: SQL
    for what a copy must not share with its original, by column. `new_id` makes an id of this sort.
    `spent_by`: the rows, by name and whether they write, whose good request uses the record up, so that each
    gets one of its own. `existing`: what is there elsewhere anyway, not copied.
    `made_at`: how a client comes by one, where a copy of a row alone would be none.
    """

    table: str
    make: Callable[[Place], Awaitable[str]]
    of_project: bool = True
    changed: Mapping[str, str] = field(default_factory=dict)
    new_id: Callable[[], str] = new_id
    spent_by: Callable[[str, bool], bool] = _no_row
    existing: Mapping[str, str] = field(default_factory=dict)
    made_at: Callable[[Place, str], Awaitable[str]] | None = None


async def _harbour(_: Place) -> str:
    return HARBOUR


async def _api_key(place: Place) -> str:
    new = {"client_id": HARBOUR, "scope": "read", "description": "of the matrix"}
    answer = await (await place.at_v1(PRIYA)).post("/v1/api-keys", new)
    return str(answer.json["api_key"]["api_key_id"])


async def _project(place: Place) -> str:
    """The front desk, with a published version and, after it, a draft that is not published."""
    priya = await place.at_v1(PRIYA)
    path = f"/v1/projects/{FRONT_DESK}"
    value = {"display_name": "Front desk", "timezone": "Australia/Sydney"}
    for _ in range(2):
        before = (await priya.get(f"{path}/draft/profile")).json
        saved = await priya.put(
            f"{path}/draft/profile", {"value": value, "expected_version": before["version"]}
        )
        if before["is_published"]:
            break
        await priya.post(f"{path}/publish", {"expected_version": saved.json["version"]})
    return FRONT_DESK


async def _ticket(place: Place) -> str:
    answer = await (await place.at_v1(ALICE)).post("/v1/tickets", new_ticket())
    assert answer.status == 201, answer
    return str(answer.json["ticket"]["ticket_id"])


async def _unlock(place: Place) -> str:
    """Ben's request about the front desk's first call, waiting for a second person; always the same."""
    if place not in _unlocks:
        rows = await place.sql(
            "SELECT call_id FROM calls WHERE external_id = 'front-1' AND project_id = $1", FRONT_DESK
        )
        path = f"/v1/calls/{rows[0]['call_id']}/pii-unlocks"
        answer = await (await place.at_v1(BEN)).post(path, new_unlock())
        assert answer.status == 201, answer
        _unlocks[place] = str(answer.json["unlock"]["unlock_id"])
    await place.sql(
        "UPDATE pii_unlocks SET state = 'pending', approved_by = NULL, requested_by = u.user_id,"
        " expires_at = now() + interval '1 hour' FROM users u WHERE unlock_id = $1 AND u.email = $2",
        _unlocks[place],
        BEN.email,
    )
    return _unlocks[place]


async def _hold(place: Place) -> str:
    new = new_hold()
    answer = await (await place.at_v1(PRIYA)).post("/v1/legal-holds", new)
    assert answer.status == 201, answer
    return str(answer.json["hold"]["hold_id"])


async def _deletion(place: Place) -> str:
    """Alice's request, of days long before any call."""
    answer = await (await place.at_v1(ALICE)).post("/v1/data-deletions", new_deletion())
    assert answer.status == 201, answer
    return str(answer.json["request"]["request_id"])


async def _export(place: Place) -> str:
    return await asked_export(place, "users")


async def export_to_fetch(place: Place) -> str:
    """One that can be downloaded, the same for everybody."""
    if place not in _exports:
        _exports[place] = await ready_export(place)
    return _exports[place]


_exports: dict[Place, str] = {}


async def give_unlock(place: Place, unlock_id: str, email: str) -> None:
    """Let an unlock be somebody's own, and active: nobody looks through another's."""
    await place.sql(
        "UPDATE pii_unlocks SET state = 'active', requested_by = u.user_id FROM users u"
        " WHERE unlock_id::text = $1 AND u.email = $2",
        unlock_id,
        email,
    )


async def _person_of(place: Place, client_id: str) -> str:
    """Somebody who never signs in, so that nobody relies on their sessions."""
    user_id = new_id()
    await place.sql(
        "WITH invited AS (INSERT INTO users (user_id, issuer, email) VALUES ($1, 'https://no.example', $2))"
        " INSERT INTO memberships (user_id, role, client_id) VALUES ($1, 'client_staff', $3)",
        user_id,
        f"{user_id}@matrix.example",
        client_id,
    )
    return user_id


async def _person(place: Place) -> str:
    return await _person_of(place, HARBOUR)


async def _session_of(place: Place, client_id: str) -> str:
    """A session of somebody whom nobody relies on."""
    session_id, user_id = new_id(), await _person_of(place, client_id)
    await place.sql(
        "INSERT INTO sessions (session_id, user_id, issuer, subject, device_label, ip, created_at,"
        " last_active_at, idle_expires_at, absolute_expires_at, mfa_satisfied) VALUES ($1, $2,"
        " 'https://no.example', $3, 'Of the matrix', '127.0.0.1', now(), now(), now() + interval '1 hour',"
        " now() + interval '1 hour', false)",
        session_id,
        user_id,
        f"{user_id}-there",
    )
    return session_id


async def _session(place: Place) -> str:
    return await _session_of(place, HARBOUR)


async def _incident(place: Place) -> str:
    """One that concerns Harbour's front desk alone, always the same, and never over when it is asked for."""
    if place not in _incidents:
        said = {"severity": "minor", "title": "Of the matrix", "message": "Said."}
        answer = await (await place.at_v1(ADA)).post("/v1/incidents", {**said, "project_ids": [FRONT_DESK]})
        assert answer.status == 201, answer
        _incidents[place] = str(answer.json["incident"]["incident_id"])
    await place.sql(
        "UPDATE incidents SET state = 'investigating', resolved_at = NULL WHERE incident_id = $1",
        _incidents[place],
    )
    return _incidents[place]


_incidents: dict[Place, str] = {}


async def _dead_job(place: Place) -> str:
    """One that failed every time; nobody runs it."""
    (row,) = await place.sql(
        "INSERT INTO jobs.procrastinate_jobs (queue_name, task_name, args, status, attempts)"
        " VALUES ('nobody-s', 'test.of_the_matrix', '{}', 'failed', 8) RETURNING id"
    )
    return str(row["id"])


async def _harbours_first_invoice(place: Place) -> str:
    rows = await place.sql(
        "SELECT invoice_id FROM invoices WHERE client_id = $1 ORDER BY issued_at LIMIT 1", HARBOUR
    )
    return str(rows[0]["invoice_id"])


SORTS: Final[dict[str, Sort]] = {
    "ticket_id": Sort("tickets", _ticket),
    "hold_id": Sort("legal_holds", _hold, of_project=False, spent_by=_rows_that_write),
    "request_id": Sort("data_deletions", _deletion, of_project=False, spent_by=_rows_that_write),
    "job_id": Sort("account_exports", _export, of_project=False, spent_by=_rows_that_write),
    "unlock_id": Sort("pii_unlocks", _unlock, spent_by=_every_row),
    "project_id": Sort(
        "project_drafts",
        _project,
        spent_by=_publishing,
        existing={
            "the rival's": NORTHSIDE_LINE,
            "the partner's other client's": PHYSIO_LINE,
            "an archived client's": CLOSED_LINE,
            "another project's": AFTER_HOURS,
        },
    ),
    "client_id": Sort(
        "clients", _harbour, existing={"the rival's": NORTHSIDE, "an archived client's": CLOSED}
    ),
    "api_key_id": Sort(
        "api_keys",
        _api_key,
        of_project=False,
        new_id=lambda: new_api_key("live")[1].api_key_id,
        spent_by=_rows_that_write,
    ),
    "user_id": Sort("memberships", _person, of_project=False, made_at=_person_of),
    "user_session_id": Sort(
        "sessions", _session, of_project=False, spent_by=_rows_that_write, made_at=_session_of
    ),
    "incident_id": Sort("incidents", _incident, spent_by=_rows_that_write),
    "background_job_id": Sort("jobs.procrastinate_jobs", _dead_job, spent_by=_rows_that_write),
    "invoice_id": Sort(
        "invoices",
        _harbours_first_invoice,
        of_project=False,
        changed={"number": "'COPY'", "period": "'1999-12'"},
    ),
    "report_id": Sort("monthly_reports", given_report, of_project=False, changed={"month": "'1999-12'"}),
}
"""By the name in the path."""

ELSEWHERE: Final = {
    "the rival's": (NORTHSIDE, NORTHSIDE_LINE),
    "the partner's other client's": (BAYSIDE, PHYSIO_LINE),
    "an archived client's": (CLOSED, CLOSED_LINE),
    "another project's": (HARBOUR, AFTER_HOURS),
}
"""Where else one may be. The last is out of reach of those who reach the front desk alone."""

_own: dict[tuple[Place, str], str] = {}
_unlocks: dict[Place, str] = {}


async def own_record(place: Place, name: str, row_name: str = "", *, writes: bool = False) -> str:
    """The id of Harbour's front desk's for a row: one for all who ask, another for whoever uses it up."""
    assert name in SORTS, f"tell tests/matrix/records.py what {{{name}}} is"
    if SORTS[name].spent_by(row_name, writes):
        return await SORTS[name].make(place)
    key = (place, name)
    if key not in _own:
        _own[key] = await SORTS[name].make(place)
    return _own[key]


async def version_of(place: Place, name: str, record_id: str, row_name: str) -> int:
    """The version a good change by a row names; 1 of what is not there."""
    sort = SORTS[name]
    if row_name.startswith("settings."):
        return await _version_of_settings(place, record_id, row_name.split(".")[1].replace("_", "-"))
    # A project has a version of each of its sections.
    saves = row_name.startswith("workspace.") and row_name.endswith(".save")
    section = f" AND section = '{row_name.split('.')[1] if saves else 'profile'}'"
    only = section if sort.table == "project_drafts" else ""
    rows = await place.sql(f"SELECT version FROM {sort.table} WHERE {name}::text = $1{only}", record_id)
    return int(rows[0]["version"]) if rows else 1


async def _version_of_settings(place: Place, project_id: str, section: str) -> int:
    rows = await place.sql(
        "SELECT version FROM project_settings WHERE project_id::text = $1 AND section = $2",
        project_id,
        section,
    )
    return int(rows[0]["version"]) if rows else 1


@asynccontextmanager
async def records_elsewhere(place: Place, name: str) -> AsyncIterator[dict[str, str]]:
    """Ids of records that are not Harbour's front desk's, by whose they are."""
    sort = SORTS[name]
    if sort.existing:
        yield dict(sort.existing)
        return
    if sort.made_at is not None:
        yield {
            whose: await sort.made_at(place, client_id)
            for whose, (client_id, _) in ELSEWHERE.items()
            if whose != "another project's"
        }
        return
    original = await own_record(place, name)
    found = {
        whose: await _copy(place, name, original, *where)
        for whose, where in ELSEWHERE.items()
        if sort.of_project or whose != "another project's"
    }
    try:
        yield found
    finally:
        await place.sql(
            f"DELETE FROM {sort.table} WHERE {name}::text = any($1::text[])", list(found.values())
        )


async def _copy(place: Place, name: str, original: str, client_id: str, project_id: str) -> str:
    sort = SORTS[name]
    columns = [
        row["column_name"]
        for row in await place.sql(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = $1 AND is_generated = 'NEVER'",
            sort.table,
        )
    ]
    record_id = sort.new_id()
    changed = {"client_id": f"'{client_id}'", name: f"'{record_id}'", **sort.changed}
    if sort.of_project:
        changed["project_id"] = f"'{project_id}'"
    values = ", ".join(changed.get(column, column) for column in columns)
    await place.sql(
        f"INSERT INTO {sort.table} ({', '.join(columns)})"
        f" SELECT {values} FROM {sort.table} WHERE {name}::text = $1",
        original,
    )
    return record_id
