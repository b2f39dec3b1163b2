"""What is in the file, that it is whole, who may fetch it for how long, and what becomes of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from aidial_api.kernel.storage import Storage
from aidial_api.surfaces.account_exports import clearing, making, sources
from aidial_contract import errors
from aidial_contract.fault import Fault
from tests.api.account_exports.test_asking import ask
from tests.api.calls.lines import Business, administrator_of, open_business
from tests.support.api import World
from tests.support.exports import PATH, clear_files, jobs_of, let_wait_pass, make_export, waits
from tests.support.tickets import new_ticket


class KilledError(BaseException):
    """The worker is gone in the middle of something."""


@pytest.fixture
async def clinic(world: World) -> Business:
    return await open_business(world, "Australia/Sydney", "Australia/Perth")


def files_kept(world: World, business: Business) -> int:
    """How many files of a client's exports lie in the store."""
    folder = Path(urlsplit(world.environ["AIDIAL_STORAGE_URL"]).path) / "account-exports" / business.client_id
    return sum(path.is_file() for path in folder.rglob("*"))


async def exported(world: World, business: Business, *categories: str) -> tuple[str, dict[str, Any], bytes]:
    """An export that was asked for, made and fetched: its id, its document, its bytes."""
    job_id = await ask(business, *categories)
    await make_export(world, job_id, business.client_id)
    answer = await business.admin.get(f"{PATH}/{job_id}/download")
    assert answer.status == 200, answer
    return job_id, json.loads(answer.body), answer.body


async def test_the_file_holds_what_was_asked_for_and_proves_itself(world: World, clinic: Business) -> None:
    job_id, document, content = await exported(world, clinic)
    export = (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]
    assert export["status"] == "completed"
    assert export["manifest"] == document["manifest"]
    assert export["size_bytes"] == len(content)
    manifest = document["manifest"]
    blank = {**document, "manifest": {**manifest, "checksum": ""}}
    canonical = json.dumps(blank, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert hashlib.sha256(canonical).hexdigest() == manifest["checksum"] == export["checksum"]
    assert content == canonical.replace(b'"checksum":""', f'"checksum":"{manifest["checksum"]}"'.encode())
    assert set(document["categories"]) == set(export["categories"])
    for one in manifest["categories"]:
        records = document["categories"][one["category"]]
        assert one["rows"] == len(records)
        text = json.dumps(records, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == one["sha256"]
        members = set(sources.SOURCES[one["category"]].members)
        assert all(set(record) == members for record in records)
    kept = datetime.fromisoformat(manifest["expires_at"]) - datetime.fromisoformat(manifest["generated_at"])
    assert kept == timedelta(days=7)
    assert export["rows"] == sum(one["rows"] for one in manifest["categories"]) > 0
    events = await world.events(job_id)
    assert [one["action"].rpartition(".")[2] for one in events] == ["requested", "completed", "downloaded"]
    assert events[1]["actor_kind"] == "system"


async def test_people_settings_events_and_tickets_are_there_and_their_secrets_are_not(
    world: World, clinic: Business
) -> None:
    said = "My number is 0412 345 678 and the card is 4111 1111 1111 1111"
    ticket = await clinic.admin.post(
        "/v1/tickets", new_ticket(clinic.lines[0]) | {"subject": "=SUM(A1) is wrong", "body": said}
    )
    assert ticket.status == 201, ticket
    saved = await clinic.admin.put(
        "/v1/settings/ip-allowlist",
        {
            "value": {"enabled": False, "entries": [{"cidr": "198.51.100.0/24", "label": "Office"}]},
            "expected_version": 1,
        },
    )
    assert saved.status == 200, saved
    calls = f"/v1/projects/{clinic.lines[0]}/settings/call-limits"
    value = (await clinic.admin.get(calls)).json["working"] | {"greeting": "A greeting of theirs."}
    assert (await clinic.admin.put(calls, {"value": value, "expected_version": 1})).status == 200
    _, document, content = await exported(world, clinic)
    found = document["categories"]
    assert clinic.admin.someone.email in {one["email"] for one in found["users"]}
    (staff,) = [one for one in found["users"] if one["role"] == "client_staff"]
    assert (staff["every_project"], staff["project_ids"]) == (False, [clinic.lines[0]])
    named = {one["name"]: one for one in found["configuration_summaries"]}
    assert named["ip-allowlist"]["left_out"] == ["entries"]
    assert named["ip-allowlist"]["version"] == 2
    assert (named["call-limits"]["project_id"], named["call-limits"]["version"]) == (clinic.lines[0], 2)
    assert {one["kind"] for one in named.values()} == {"project", "settings"}
    assert "settings.ip_allowlist.updated" in {one["action"] for one in found["audit_events"]}
    (shown,) = found["support_tickets"]
    assert shown["subject"] == "'=SUM(A1) is wrong"
    cards = (b"4111 1111", b"41111111")
    for secret in (b"0412 345 678", *cards, b"198.51.100", b"adk_live", b"secret_sha256", b"wrapped_key"):
        assert secret not in content


async def test_an_administrator_of_one_line_takes_away_nobody_who_is_only_of_others(world: World) -> None:
    shop = await open_business(world, "Australia/Sydney", "Australia/Perth")
    of_second = await administrator_of(world, shop, shop.lines[1])
    _, document, _ = await exported(world, replace(shop, admin=of_second), "users")
    people = {one["email"] for one in document["categories"]["users"]}
    assert people == {shop.admin.someone.email, of_second.someone.email}
    _, document, _ = await exported(world, shop, "users")
    assert len(document["categories"]["users"]) == 3


async def test_whom_messages_go_to_is_left_out_in_every_form(world: World, clinic: Business) -> None:
    notifications = f"/v1/projects/{clinic.lines[0]}/settings/notifications"
    value = {
        "email_transcript": {"enabled": True, "mask": False, "recipients": ["frontdesk@clinic.example"]},
        "sms_summary": {"enabled": True, "recipients": ["0412 345 678"]},
    }
    saved = await clinic.admin.put(notifications, {"value": value, "expected_version": 1})
    assert saved.status == 200, saved
    (stored,) = await world.sql(
        "SELECT value ->> 'recipients' AS sealed FROM project_settings"
        " WHERE client_id = $1 AND section = 'notifications'",
        clinic.client_id,
    )
    _, document, content = await exported(world, clinic, "configuration_summaries")
    (shown,) = [
        one for one in document["categories"]["configuration_summaries"] if one["name"] == "notifications"
    ]
    assert shown["summary"] == {
        "email_transcript": {"enabled": True, "mask": False},
        "sms_summary": {"enabled": True},
    }
    assert shown["left_out"] == ["email_transcript/recipients", "sms_summary/recipients"]
    assert stored["sealed"]
    for secret in (stored["sealed"].encode(), b"frontdesk@clinic", b"412345678", b"412 345"):
        assert secret not in content


async def test_records_of_lines_that_its_requester_does_not_reach_are_not_in_it(
    world: World, clinic: Business
) -> None:
    for line in clinic.lines:
        assert (await clinic.admin.post("/v1/tickets", new_ticket(line))).status == 201
    await world.sql(
        "UPDATE assignments SET project_id = $2 WHERE client_id = $1 AND project_id IS NULL",
        clinic.client_id,
        clinic.lines[0],
    )
    world.api.hear()
    _, document, _ = await exported(world, clinic)
    found = document["categories"]
    assert {one["project_id"] for one in found["support_tickets"]} == {clinic.lines[0]}
    assert {one["project_id"] for one in found["audit_events"]} <= {clinic.lines[0], None}
    projects = [one for one in found["configuration_summaries"] if one["kind"] == "project"]
    assert [one["project_id"] for one in projects] == [clinic.lines[0]]


async def test_many_records_are_read_in_parts_and_each_is_there_once(
    world: World, clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "PART_ROWS", 7)
    await world.sql(
        "INSERT INTO audit_events (event_id, client_id, actor_kind, action, why, at)"
        " SELECT gen_random_uuid(), $1, 'system', 'audit.viewed', 'Übung ' || n, now() - interval '1 day'"
        " FROM generate_series(1, 40) n",
        clinic.client_id,
    )
    _, document, _ = await exported(world, clinic, "audit_events")
    said = [one["why"] for one in document["categories"]["audit_events"] if one["why"]]
    assert sorted(said) == sorted(f"Übung {number}" for number in range(1, 41))


async def test_what_lies_in_the_store_is_sealed(world: World, clinic: Business) -> None:
    await exported(world, clinic, "users")
    folder = Path(urlsplit(world.environ["AIDIAL_STORAGE_URL"]).path) / "account-exports" / clinic.client_id
    (path,) = [one for one in folder.iterdir() if one.is_file()]
    assert clinic.admin.someone.email.encode() not in path.read_bytes()


async def test_a_file_is_kept_seven_days_to_the_second_and_its_history_stays(
    world: World, clinic: Business
) -> None:
    job_id, document, _ = await exported(world, clinic, "users")
    services = world.api.app.services
    assert services is not None
    ends_at = datetime.fromisoformat(document["manifest"]["expires_at"])
    before = services.clock
    try:
        services.clock = lambda: ends_at - timedelta(microseconds=1)
        assert (await clinic.admin.get(f"{PATH}/{job_id}/download")).status == 200
        services.clock = lambda: ends_at
        late = await clinic.admin.get(f"{PATH}/{job_id}/download")
        assert (late.code, late.json["details"]["current_state"]) == ("state_conflict", "expired")
        assert (await clinic.admin.get(f"{PATH}?status=expired")).json["exports"][0]["job_id"] == job_id
    finally:
        services.clock = before
    (job,) = await world.sql(
        "SELECT scheduled_at FROM jobs.procrastinate_jobs WHERE task_name = 'account_exports.expire'"
        " AND args ->> 'job_id' = $1",
        job_id,
    )
    assert job["scheduled_at"] == ends_at
    assert files_kept(world, clinic) == 1
    await world.sql(
        "UPDATE account_exports SET expires_at = now() - interval '1 second' WHERE job_id = $1", job_id
    )
    async with jobs_of(world) as (db, _):
        for _ in range(2):
            await clearing.expire(db, client_id=clinic.client_id, job_id=job_id)
    await clear_files(world, clinic.client_id)
    assert files_kept(world, clinic) == 0
    shown = (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]
    assert (shown["status"], shown["downloads"]) == ("expired", 2)
    actions = [one["action"].rpartition(".")[2] for one in await world.events(job_id)]
    assert actions.count("expired") == 1


async def test_a_download_is_blocked_once_what_decided_its_content_has_changed(
    world: World, clinic: Business
) -> None:
    job_id, _, _ = await exported(world, clinic, "users")
    await world.sql(
        "UPDATE account_exports SET manifest = jsonb_set(manifest, '{categories,0,policy_digest}', '\"0\"')"
        " WHERE job_id = $1",
        job_id,
    )
    refused = await clinic.admin.get(f"{PATH}/{job_id}/download")
    assert (refused.status, refused.code) == (409, "state_conflict")
    assert refused.json["details"]["reason"] == "policy_changed"
    blocked = (await world.events(job_id))[-1]
    assert (blocked["action"], blocked["outcome"]) == ("account_exports.export.blocked", "refused")


async def test_what_is_not_there_yet_or_any_more_is_not_downloaded(world: World, clinic: Business) -> None:
    job_id = await ask(clinic, "users")
    early = await clinic.admin.get(f"{PATH}/{job_id}/download")
    assert (early.code, early.json["details"]["current_state"]) == ("state_conflict", "queued")
    await make_export(world, job_id, clinic.client_id)
    folder = Path(urlsplit(world.environ["AIDIAL_STORAGE_URL"]).path) / "account-exports" / clinic.client_id
    for path in folder.iterdir():
        path.unlink()
    gone = await clinic.admin.get(f"{PATH}/{job_id}/download")
    assert (gone.code, gone.json["details"]["reason"]) == ("state_conflict", "file_missing")


async def test_a_download_that_never_began_is_none(
    world: World, clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, _, _ = await exported(world, clinic, "users")

    async def unread(self: Storage, name: str, *_: Any, **__: Any) -> AsyncIterator[bytes]:
        await away(self, name)
        yield b""

    with monkeypatch.context() as without:
        without.setattr(Storage, "read", unread)
        for _ in range(2):
            answer = await clinic.admin.get(f"{PATH}/{job_id}/download")
            assert (answer.status, answer.code) == (503, "storage_unavailable")
    assert (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]["downloads"] == 1
    assert (await clinic.admin.get(f"{PATH}/{job_id}/download")).status == 200
    assert (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]["downloads"] == 2
    actions = [one["action"].rpartition(".")[2] for one in await world.events(job_id)]
    assert actions.count("downloaded") == 2


async def test_one_that_is_cancelled_while_it_is_made_leaves_no_file(
    world: World, clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await ask(clinic, "users", "audit_events")
    read = sources.Source.parts

    def slowly(self: sources.Source, *rest: Any) -> AsyncIterator[Any]:
        async def parts() -> AsyncIterator[Any]:
            if self.category == "users":
                running = (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]
                assert running["status"] == "running"
                assert (await clinic.admin.post(f"{PATH}/{job_id}/cancel")).status == 200
            async for one in read(self, *rest):
                yield one

        return parts()

    monkeypatch.setattr(sources.Source, "parts", slowly)
    await make_export(world, job_id, clinic.client_id)
    await clear_files(world, clinic.client_id)
    assert files_kept(world, clinic) == 0
    assert (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]["status"] == "cancelled"
    await make_export(world, job_id, clinic.client_id)
    assert (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]["status"] == "cancelled"


async def test_an_attempt_that_was_killed_is_made_anew_and_its_file_goes(
    world: World, clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await ask(clinic, "users")
    written = Storage.write

    async def dies(self: Storage, name: str, pieces: AsyncIterator[bytes]) -> None:
        await written(self, name, pieces)
        raise KilledError

    with monkeypatch.context() as killing:
        killing.setattr(Storage, "write", dies)
        with pytest.raises(KilledError):
            await make_export(world, job_id, clinic.client_id)
    assert files_kept(world, clinic) == 1
    assert (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]["status"] == "running"
    await make_export(world, job_id, clinic.client_id)
    assert (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]["status"] == "running"
    assert waits_within(await waits(world, "make", job_id), making.SILENCE)
    await let_wait_pass(world, job_id)
    await make_export(world, job_id, clinic.client_id)
    await clear_files(world, clinic.client_id)
    assert files_kept(world, clinic) == 1
    assert (await clinic.admin.get(f"{PATH}/{job_id}/download")).status == 200


async def away(self: Storage, name: str, *_: Any) -> None:
    """A store that does not answer, whatever it is asked for."""
    raise Fault(errors.STORAGE_UNAVAILABLE, retry_after_ms=1_000, reason=name)


def waits_within(found: list[float], wait: timedelta) -> bool:
    """Whether the job that is due last is due in about so long."""
    return wait.total_seconds() - 60 < found[-1] <= wait.total_seconds()


async def test_a_store_that_is_away_is_given_an_hour_and_a_failure_of_ours_costs_no_allowance(
    world: World, clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await ask(clinic, "users")
    monkeypatch.setattr(Storage, "write", away)
    for wait in making.WAITS:
        await make_export(world, job_id, clinic.client_id)
        shown = (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]
        assert (shown["status"], shown["failure"]) == ("running", None)
        assert waits_within(await waits(world, "make", job_id), wait)
        await let_wait_pass(world, job_id)
    assert sum(making.WAITS, timedelta()) > timedelta(minutes=50)
    await make_export(world, job_id, clinic.client_id)
    shown = (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]
    assert (shown["status"], shown["failure"]) == ("failed", "storage_unavailable")
    events = [one for one in await world.events(job_id) if one["outcome"] == "failed"]
    assert [one["action"] for one in events] == ["account_exports.export.failed"]
    assert (await clinic.admin.get(f"{PATH}/catalog")).json["used"] == {
        "by_you": 0,
        "by_tenant": 0,
        "next_at": None,
    }
    await world.sql("UPDATE account_exports SET failure = 'too_large' WHERE job_id = $1", job_id)
    assert (await clinic.admin.get(f"{PATH}/catalog")).json["used"]["by_you"] == 1


async def test_a_store_that_comes_back_after_minutes_gets_the_export(
    world: World, clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await ask(clinic, "users")
    with monkeypatch.context() as without:
        without.setattr(Storage, "write", away)
        await make_export(world, job_id, clinic.client_id)
    await make_export(world, job_id, clinic.client_id)
    assert (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]["status"] == "running"
    await let_wait_pass(world, job_id)
    await make_export(world, job_id, clinic.client_id)
    await clear_files(world, clinic.client_id)
    assert (await clinic.admin.get(f"{PATH}/{job_id}/download")).status == 200


async def test_files_go_as_soon_as_a_store_that_was_away_is_back(
    world: World, clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of an attempt that was killed, of one that was cancelled then, and of an export that has expired."""
    expired, _, _ = await exported(world, clinic, "users")
    await world.sql(
        "UPDATE account_exports SET expires_at = now() - interval '1 second' WHERE job_id = $1", expired
    )
    cancelled = await ask(clinic, "users")
    written = Storage.write

    async def dies(self: Storage, name: str, pieces: AsyncIterator[bytes]) -> None:
        await written(self, name, pieces)
        raise KilledError

    monkeypatch.setattr(Storage, "write", dies)
    with pytest.raises(KilledError):
        await make_export(world, cancelled, clinic.client_id)
    await let_wait_pass(world, cancelled)
    with pytest.raises(KilledError):
        await make_export(world, cancelled, clinic.client_id)
    assert files_kept(world, clinic) == 3
    with monkeypatch.context() as without:
        without.setattr(Storage, "delete", away)
        assert (await clinic.admin.post(f"{PATH}/{cancelled}/cancel")).status == 200
        async with jobs_of(world) as (db, _):
            await clearing.expire(db, client_id=clinic.client_id, job_id=expired)
        await clear_files(world, clinic.client_id)
    assert files_kept(world, clinic) == 3
    for job_id in (expired, cancelled):
        assert waits_within((await waits(world, "clear", job_id))[:1], clearing.STORE_AGAIN)
        await let_wait_pass(world, job_id)
    await clear_files(world, clinic.client_id)
    assert files_kept(world, clinic) == 0
    rows = await world.sql("SELECT file_id FROM account_exports WHERE client_id = $1", clinic.client_id)
    assert [row["file_id"] for row in rows] == [None, None]


async def test_an_attempt_that_lost_its_export_leaves_it_to_the_one_that_has_it(
    world: World, clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await ask(clinic, "users")
    written = Storage.write
    others: list[bool] = []

    async def overtaken(self: Storage, name: str, pieces: AsyncIterator[bytes]) -> None:
        others.append(True)
        if len(others) == 1:
            await let_wait_pass(world, job_id)
            await make_export(world, job_id, clinic.client_id)
            await away(self, name)
        await written(self, name, pieces)

    with monkeypatch.context() as slow:
        slow.setattr(Storage, "write", overtaken)
        slow.setattr(Storage, "delete", away)
        await make_export(world, job_id, clinic.client_id)
        await clear_files(world, clinic.client_id)
    assert len(others) == 2
    assert (await clinic.admin.get(f"{PATH}/{job_id}")).json["export"]["status"] == "completed"
    await let_wait_pass(world, job_id)
    await clear_files(world, clinic.client_id)
    assert files_kept(world, clinic) == 1
    assert (await clinic.admin.get(f"{PATH}/{job_id}/download")).status == 200


async def test_an_export_ends_although_the_clock_of_the_worker_is_behind(
    world: World, clinic: Business
) -> None:
    job_id, _, _ = await exported(world, clinic, "users")
    async with jobs_of(world) as (db, _):
        await clearing.expire(db, client_id=clinic.client_id, job_id=job_id)
    first, again = await waits(world, "expire", job_id)
    assert again - first == pytest.approx(clearing.CLOCKS_APART.total_seconds(), abs=1)


async def test_a_large_account_is_made_in_flat_memory(
    world: World, clinic: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    written = Storage.write

    async def watched(self: Storage, name: str, pieces: AsyncIterator[bytes]) -> None:
        async def told() -> AsyncIterator[bytes]:
            async for piece in pieces:
                sizes.append(len(piece))
                yield piece

        await written(self, name, told())

    monkeypatch.setattr(Storage, "write", watched)
    await world.sql(
        "INSERT INTO audit_events (event_id, client_id, actor_kind, action, why, at)"
        " SELECT gen_random_uuid(), $1, 'system', 'audit.viewed', repeat('x', 200), $2"
        " FROM generate_series(1, 5000) n",
        clinic.client_id,
        datetime.now(UTC) - timedelta(days=1),
    )
    _, document, content = await exported(world, clinic, "audit_events")
    assert document["manifest"]["categories"][0]["rows"] > 5_000
    assert len(content) > 2_000_000
    assert max(sizes) <= 64 * 1024 + 16
