"""Millions of calls by COPY are calls like any: found, opened, listed, and written once."""

import asyncio
import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import pytest
from tests.support.postgres import PostgresServer
from typer.testing import CliRunner

from aidial.bulk.loading import Loader
from aidial.bulk.plan import Plan, tenants
from aidial.cli import app
from aidial.console import Bar
from aidial.postgres import PostgresUrls
from aidial_api.kernel.crypto import MasterKey, TenantKey, TenantKeys
from aidial_api.kernel.db import owner_transaction
from aidial_api.kernel.migrate import MigrationRefused, upgrade
from aidial_api.kernel.reach import Reach
from aidial_api.kernel.storage import Files, Storage, StoragePlace
from aidial_api.surfaces.recordings.measuring import Measured, _read
from aidial_contract.shapes.calls import Turn

UNTIL = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
MASTER = bytes(range(32))
CALLS = 900


def telling(tell: Callable[[int], None]) -> Bar:
    """Tell how many calls are written, and nothing else."""

    @contextmanager
    def bar(about: str, _total: int) -> Iterator[Callable[[int], None]]:
        yield tell if about == "Writing calls" else lambda _: None

    return bar


QUIET = telling(lambda _: None)


def plan(calls: int = CALLS, number: int = 3) -> Plan:
    return Plan(tenants(calls, number, 0.5, "seed-0001"), UNTIL, 90, 7)


@pytest.fixture(scope="module")
def owner_url(postgres_server: PostgresServer, worker_id: str) -> str:
    url = postgres_server.migrated_database(f"aidial_bulk_{worker_id}").owner_url
    said: list[int] = []
    assert asyncio.run(Loader(url, MASTER, plan()).load(telling(said.append))) == CALLS
    assert said == [0, CALLS]
    return url


async def rows(url: str, sql: str, client_id: str = "seed-0001") -> list[asyncpg.Record]:
    async with owner_transaction(url, Reach((client_id,))) as tx:
        return await tx.fetch(sql)


async def key_of(url: str, client_id: str = "seed-0001") -> TenantKey:
    async with owner_transaction(url, Reach((client_id,))) as tx:
        return await TenantKeys(MasterKey(MASTER)).get(tx, client_id)


async def test_each_tenant_gets_its_share(owner_url: str) -> None:
    counts = {}
    for client_id in ("seed-0001", "seed-0002", "seed-0003"):
        found = await rows(owner_url, "SELECT count(*), count(DISTINCT project_id) FROM calls", client_id)
        counts[client_id] = tuple(found[0])
    assert counts == {"seed-0001": (450, 2), "seed-0002": (225, 2), "seed-0003": (225, 1)}


async def test_the_front_desk_is_the_busiest_and_speaks_as_one(owner_url: str) -> None:
    counts = await rows(
        owner_url,
        "SELECT p.display_name, count(*), count(*) FILTER (WHERE c.direction = 'outbound') AS rung"
        " FROM calls c JOIN projects p USING (client_id, project_id) GROUP BY 1 ORDER BY 2 DESC",
    )
    assert [(row["display_name"], row["count"]) for row in counts] == [
        ("Front desk", 360),
        ("After hours", 90),
    ]
    # Nobody is rung by the line that answers at night.
    assert counts[0]["rung"] > 0 == counts[1]["rung"]


async def test_numbers_open_and_their_endings_find_the_call(owner_url: str) -> None:
    key = await key_of(owner_url)
    for call in await rows(
        owner_url, "SELECT call_id::text, direction, from_number, to_number FROM calls LIMIT 40"
    ):
        purpose = "from_number" if call["direction"] == "inbound" else "to_number"
        if call[purpose] is None:
            continue
        number = key.decrypt(call[purpose], purpose=purpose, record=call["call_id"]).decode()
        assert number.startswith("+61")
        async with owner_transaction(owner_url, Reach(("seed-0001",))) as tx:
            tokens = await tx.fetch(
                "SELECT token, started_at, project_id FROM caller_tokens WHERE call_id = $1", call["call_id"]
            )
        assert {row["token"] for row in tokens} == set(key.caller_tokens(number))


async def test_one_call_in_fifty_has_its_conversation_and_the_others_say_so(owner_url: str) -> None:
    key = await key_of(owner_url)
    told = await rows(
        owner_url,
        "SELECT c.call_id::text, c.transcript_state, c.message_count, c.entities, t.turns, t.raw,"
        " t.redaction_counts FROM calls c"
        " LEFT JOIN transcripts t ON t.client_id = c.client_id AND t.call_id = c.call_id",
    )
    spoken = [row for row in told if row["turns"] is not None]
    assert 0 < len(spoken) <= len(told) / 50 + 2
    for row in spoken:
        turns = msgspec.json.decode(row["turns"], type=list[Turn])
        raw = msgspec.json.decode(key.decrypt(row["raw"], purpose="turns", record=row["call_id"]))
        assert len(turns) == len(raw) == row["message_count"]
        found = {one["kind"]: one["count"] for one in msgspec.json.decode(row["entities"])}
        assert found == msgspec.json.decode(row["redaction_counts"])
    untold = {(row["transcript_state"], row["entities"]) for row in told if row["turns"] is None}
    assert untold == {("missing", None)}


async def test_a_recording_is_stored_for_those_who_agreed_and_plays_as_it_was_measured(
    postgres_server: PostgresServer, worker_id: str, tmp_path: Path
) -> None:
    url = postgres_server.migrated_database(f"aidial_bulk_heard_{worker_id}").owner_url
    storage = Storage(StoragePlace(f"file://{tmp_path}/files"), timeout_s=30)
    assert await Loader(url, MASTER, plan(2_000, 1), storage).load(QUIET) == 2_000
    key = await key_of(url)
    told = await rows(
        url,
        "SELECT c.recording, c.channel, c.consent ->> 'state' AS consent, r.*, r.recording_id::text AS id"
        " FROM calls c LEFT JOIN recordings r ON r.client_id = c.client_id AND r.call_id = c.call_id",
    )
    heard = [row for row in told if row["id"] is not None]
    assert 10 < len(heard) <= 40
    assert all(row["recording"] is None for row in told if row["id"] is None)
    for row in heard:
        assert msgspec.json.decode(row["recording"])["availability"] == "available"
        assert (row["state"], row["side"], row["channel"]) == ("stored", "mixed", "voice")
        assert row["consent"] in {"obtained", "not_required"}
    files = Files(storage, TenantKeys(MasterKey(MASTER)))
    for row in heard[:3]:
        measured = await _read(files, key, "seed-0001", row["id"], row["size_bytes"])
        assert measured == Measured(row["duration_ms"], row["channels"], row["peaks"])


async def test_broken_off_between_files_and_rows_it_writes_the_same_files_again(
    postgres_server: PostgresServer, worker_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgres_server.migrated_database(f"aidial_bulk_broken_{worker_id}").owner_url
    storage = Storage(StoragePlace(f"file://{tmp_path}/files"), timeout_s=30)
    loader = Loader(url, MASTER, plan(), storage)
    with monkeypatch.context() as broken:
        broken.setattr("aidial.bulk.loading._copy", _cut_off)
        with pytest.raises(ConnectionResetError):
            await loader.load(QUIET)
    stored = _names(tmp_path)
    assert stored
    for new in (CALLS, 0):
        assert await loader.load(QUIET) == new
        assert _names(tmp_path) == stored
    named = [
        f"{client_id}/{row['id']}"
        for client_id in ("seed-0001", "seed-0002", "seed-0003")
        for row in await rows(url, "SELECT recording_id::text AS id FROM recordings", client_id)
    ]
    assert set(named) == stored


async def _cut_off(*_: object) -> None:
    raise ConnectionResetError


def _names(folder: Path) -> set[str]:
    return {f"{file.parent.name}/{file.name}" for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"AIDIAL_STORAGE_URL": f"file://{__file__}/no-folder"}, "the recordings could not be stored"),
        ({"AIDIAL_STORAGE_URL": "ftp://somewhere"}, "AIDIAL_STORAGE_URL"),
        ({"AIDIAL_STORAGE_KEY_ID": "half-a-key"}, "AIDIAL_STORAGE_SECRET"),
    ],
)
def test_a_store_that_cannot_be_used_is_said(
    postgres_server: PostgresServer,
    worker_id: str,
    monkeypatch: pytest.MonkeyPatch,
    told: dict[str, str],
    problem: str,
) -> None:
    monkeypatch.setattr("aidial.bulk.recordings._WAITS_S", (0.0,))
    url = postgres_server.migrated_database(f"aidial_bulk_away_{worker_id}").owner_url
    env = {"AIDIAL_DATABASE_OWNER_URL": url, "AIDIAL_MASTER_KEY": base64.b64encode(MASTER).decode()}
    refused = CliRunner().invoke(app, ["seed", "--calls", "600", "--recordings"], env={**env, **told})
    assert problem in str(refused.exception)


async def test_times_belong_together(owner_url: str) -> None:
    zone = ZoneInfo("Australia/Sydney")
    hours = []
    for call in await rows(owner_url, "SELECT * FROM calls"):
        assert call["started_at"] <= (call["answered_at"] or call["started_at"]) <= call["ended_at"] <= UNTIL
        assert (
            int.from_bytes(call["call_id"].bytes[:6]) // 1_000 == call["started_at"].timestamp()
        )  # a UUIDv7 of its start
        booking = msgspec.json.decode(call["booking"]) if call["booking"] else None
        if booking:
            at = datetime.fromisoformat(booking["at"])
            assert at > call["started_at"]
        hours.append(call["started_at"].astimezone(zone).hour)
    assert sum(8 <= hour < 18 for hour in hours) > len(hours) * 0.6


async def test_the_dashboards_numbers_are_those_of_the_calls(owner_url: str) -> None:
    for kind in ("outcome", "agent"):
        counted = await rows(
            owner_url,
            "SELECT key, sum(calls) AS calls FROM call_counts_by_key"
            f" WHERE kind = '{kind}' AND minutes = 1440 GROUP BY key",
        )
        column = "outcome" if kind == "outcome" else "agent_id"
        there = await rows(owner_url, f"SELECT {column} AS key, count(*) AS calls FROM calls GROUP BY 1")
        assert {row["key"]: row["calls"] for row in counted} == {
            row["key"]: row["calls"] for row in there if row["key"] is not None
        }
    assert (await rows(owner_url, "SELECT count(*) AS waiting FROM call_count_changes"))[0]["waiting"] == 0


async def test_a_second_run_adds_nothing(owner_url: str) -> None:
    said: list[int] = []
    assert await Loader(owner_url, MASTER, plan()).load(telling(said.append)) == 0
    assert said == [CALLS]


async def test_stopped_half_way_it_leaves_whole_parts_and_goes_on(
    postgres_server: PostgresServer, worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aidial.bulk.plan.SLICE_CALLS", 50)
    url = postgres_server.migrated_database(f"aidial_bulk_stopped_{worker_id}").owner_url

    def stop_after_two(done: int) -> None:
        if done >= 100:
            running.cancel()

    running = asyncio.ensure_future(Loader(url, MASTER, plan(300)).load(telling(stop_after_two)))
    with pytest.raises(asyncio.CancelledError):
        await running
    everybody = " WHERE client_id LIKE 'seed-%'"
    counted = (await _counted(url, everybody))[0]
    assert counted["calls"] in {100, 150}
    assert counted["lonely"] == 0
    assert await Loader(url, MASTER, plan(300)).load(QUIET) == 300 - counted["calls"]
    assert (await _counted(url, everybody))[0]["calls"] == 300


async def _counted(url: str, where: str) -> list[asyncpg.Record]:
    async with owner_transaction(url, Reach(("seed-0001", "seed-0002", "seed-0003"))) as tx:
        return await tx.fetch(
            f"SELECT count(*) AS calls, (SELECT count(*) FROM caller_tokens t WHERE NOT EXISTS"
            f" (SELECT FROM calls c WHERE c.call_id = t.call_id)) AS lonely FROM calls{where}"
        )


def test_the_command_says_what_it_needs_and_what_it_did(
    postgres_server: PostgresServer, worker_id: str
) -> None:
    url = postgres_server.migrated_database(f"aidial_bulk_command_{worker_id}").owner_url
    env = {"AIDIAL_DATABASE_OWNER_URL": url, "AIDIAL_MASTER_KEY": base64.b64encode(MASTER).decode()}
    arguments = ["seed", "--calls", "60", "--tenants", "2", "--client", "harbour-dental"]
    done = CliRunner().invoke(app, arguments, env=env)
    assert done.exit_code == 0, done.output
    assert "60 written, 0 already there; harbour-dental has the largest share." in done.output
    again = CliRunner().invoke(app, [*arguments, "--client", "Not A Slug"], env=env)
    assert again.exit_code == 2
    assert "--client" in again.output
    missing = CliRunner().invoke(app, arguments, env={**env, "AIDIAL_MASTER_KEY": ""})
    assert "AIDIAL_MASTER_KEY" in str(missing.exception)


async def indexes(url: str) -> set[str]:
    async with owner_transaction(url, Reach(())) as tx:
        found = await tx.fetch(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
            " UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid::regclass::text <> 'indexes_to_make'"
        )
    return {row["indexdef"] for row in found}


async def test_indexes_are_made_after_the_calls_however_often_that_is_broken_off(
    postgres_server: PostgresServer, worker_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = postgres_server.migrated_database(f"aidial_bulk_indexes_{worker_id}")
    url = urls.owner_url
    all_of_them = await indexes(url)
    counts: list[int] = []

    @contextmanager
    def cut_at(about: str, _total: int) -> Iterator[Callable[[int], None]]:
        def show(done: int) -> None:
            if about == "Making indexes" and done:
                counts.append(done)
                if len(counts) in {3, 6}:
                    raise ConnectionResetError

        yield show

    # Begun as a superuser, gone on with as the owner.
    for one in (urls.superuser_url, url):
        with pytest.raises(ConnectionResetError):
            await Loader(one, MASTER, plan(300)).load(cut_at)
        assert await indexes(url) != all_of_them
    assert counts == [1, 2, 3, 1, 2, 3]
    said = await _doctor(urls)
    assert "FAIL  indexes are there: aidial seed was broken off; run the same command again" in said
    assert "ok    row-level security forced" in said
    with monkeypatch.context() as newer:
        newer.setattr("aidial_api.kernel.migrate.head", lambda: "209901010000")
        with pytest.raises(MigrationRefused, match="aidial seed was broken off"):
            upgrade(url)
    with monkeypatch.context() as broken:
        broken.setattr("aidial.bulk.indexes.tidy", _cut_off)
        with pytest.raises(ConnectionResetError):
            await Loader(url, MASTER, plan(300)).load(cut_at)
    assert len(counts) > 20
    assert await indexes(url) == all_of_them
    assert (await _seen(url)) == (False, False)
    assert await Loader(url, MASTER, plan(300)).load(cut_at) == 0
    assert await indexes(url) == all_of_them
    assert (await _seen(url)) == (True, True)
    assert "ok    indexes are there" in await _doctor(urls)


async def _doctor(urls: PostgresUrls) -> str:
    env = {
        "DATABASE_URL": urls.app_url,
        "AIDIAL_MASTER_KEY": base64.b64encode(MASTER).decode(),
        "ZITADEL_ISSUER": "http://127.0.0.1:1",
        "AIDIAL_API_AUDIENCE": "aidial-api",
    }
    ran = await asyncio.to_thread(CliRunner().invoke, app, ["doctor"], env=env)
    return ran.output


async def _seen(url: str) -> tuple[bool, bool]:
    """Whether nothing is left to be made, and calls have been looked over since."""
    query = "SELECT to_regclass('indexes_to_make') IS NULL AS done, relallvisible > 0 AS tidy FROM pg_class"
    found = await rows(url, f"{query} WHERE oid = 'calls'::regclass")
    return found[0]["done"], found[0]["tidy"]


async def test_nothing_is_taken_off_before_the_calls_can_be_made(
    postgres_server: PostgresServer, worker_id: str
) -> None:
    url = postgres_server.migrated_database(f"aidial_bulk_wrong_{worker_id}").owner_url
    all_of_them = await indexes(url)

    async def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    loader = Loader(url, MASTER, plan(300))
    with pytest.MonkeyPatch.context() as away:
        away.setattr(loader, "_makers", refuse)
        with pytest.raises(ConnectionRefusedError):
            await loader.load(QUIET)
    assert await indexes(url) == all_of_them


async def test_a_table_that_has_calls_keeps_its_indexes_while_more_are_written(
    postgres_server: PostgresServer, worker_id: str
) -> None:
    url = postgres_server.migrated_database(f"aidial_bulk_more_{worker_id}").owner_url
    all_of_them = await indexes(url)
    await Loader(url, MASTER, plan(300)).load(QUIET)
    assert await indexes(url) == all_of_them

    @contextmanager
    def never_indexes(about: str, _total: int) -> Iterator[Callable[[int], None]]:
        assert about == "Writing calls"
        yield lambda _: None

    assert (
        await Loader(url, MASTER, Plan(tenants(300, 3, 0.5, "seed-0001"), UNTIL, 90, 8)).load(never_indexes)
        == 300
    )
    assert await indexes(url) == all_of_them
