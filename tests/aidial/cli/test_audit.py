"""`aidial audit`: what an administrator, a script and an auditor learn of the activity log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aidial.postgres import PostgresUrls
from aidial_api.kernel.audit_chain.checkpointer import Checkpointer, CheckpointSettings
from aidial_api.kernel.audit_chain.checkpoints import SigningKey
from aidial_api.kernel.audit_chain.outside import Outside
from aidial_api.kernel.audit_chain.sealer import Sealer
from aidial_api.kernel.crypto import MasterKey
from aidial_api.kernel.db import Database
from tests.aidial.cli.test_commands import ISSUER, MASTER_KEY, aidial, patiently
from tests.support.postgres import PostgresServer

EVENTS = 60_000
FILL = """
INSERT INTO audit_events (event_id, client_id, at, actor_kind, actor_id, actor_label, action, target_kind,
                          target_id, outcome, request_id, ip, technical)
SELECT gen_random_uuid(), 'harbour', now() - make_interval(secs => %(count)s - n), 'user',
       '0193a7c2-7b1e-7cc3-8e0e-6a1f0e8d1c22', 'alice@harbour.example', 'calls.call.delivered', 'call',
       gen_random_uuid()::text, 'done', gen_random_uuid()::text, '203.0.113.9',
       '{"fields": ["resolution", "summary"], "turns": 12}'
FROM generate_series(1, %(count)s) n
"""


@pytest.fixture
def urls(postgres_server: PostgresServer, worker_id: str) -> PostgresUrls:
    urls = postgres_server.migrated_database(f"audit_{worker_id}")
    run(urls, "INSERT INTO clients (client_id, name, lifecycle) VALUES ('harbour', 'H', 'active')")
    return urls


def run(urls: PostgresUrls, sql: str, **values: Any) -> None:
    with psycopg.connect(urls.superuser_url, autocommit=True) as connection:
        connection.execute(sql, values)


def seal(urls: PostgresUrls, folder: Path) -> int:
    """What the worker does, with the key that is derived from the tests' master key."""
    key = SigningKey(MasterKey.from_base64(MASTER_KEY).derived("audit checkpoints"))
    settings = CheckpointSettings(folder.as_uri(), 0.0, key)

    async def sealed() -> int:
        db = await Database.connect(urls.app_url, min_size=1, max_size=2)
        try:
            count = 0
            while some := await Sealer(db).seal_all():
                count += some
            await Checkpointer(db, settings, Outside(settings.place)).write_due()
            return count
        finally:
            await db.close()

    return asyncio.run(sealed())


def configured(urls: PostgresUrls, folder: Path) -> dict[str, str]:
    return {
        "AIDIAL_DATABASE_OWNER_URL": urls.owner_url,
        "AIDIAL_MASTER_KEY": MASTER_KEY,
        "AIDIAL_AUDIT_CHECKPOINTS": str(folder),
    }


def test_verifying_is_quick_says_so_and_ends_with_a_code_of_its_own(
    urls: PostgresUrls, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    run(urls, FILL, count=EVENTS)
    assert seal(urls, tmp_path) == EVENTS
    env = configured(urls, tmp_path)
    done = patiently("audit", "verify", "--json", env=env)
    assert (done.code, done.err) == (0, "")
    said = json.loads(done.out)
    assert (said["intact"], said["events"]) == (True, EVENTS)
    record_property("measured", f"aidial audit verify: {said['events_per_second']:,} events a second")
    run(urls, "UPDATE audit_events SET why = 'x' WHERE event_id ="
              " (SELECT event_id FROM audit_seals WHERE seq = 41234)")  # fmt: skip
    bad = patiently("audit", "verify", env=env)
    assert bad.code == 3
    assert "first bad event: changed, seal 41234, event " in bad.out
    assert "Verifying: 60,000 of 60,000" in bad.out
    told = patiently("audit", "verify", "--client", "harbour", "--json", env=env)
    assert told.code == 3
    (chain,) = json.loads(told.out)["chains"]
    assert (chain["bad"], chain["first_bad"]["seq"]) == (1, 41234)


def test_events_that_nobody_seals_are_said_and_are_no_success(urls: PostgresUrls, tmp_path: Path) -> None:
    """Nothing proves what has no seal: whoever stopped the worker could write anything."""
    run(urls, FILL, count=5)
    seal(urls, tmp_path)
    env = configured(urls, tmp_path)
    run(urls, FILL, count=60)
    run(urls, "UPDATE audit_unsealed SET at = at - interval '1 minute'")
    waits = patiently("audit", "verify", env=env)
    assert waits.code == 4
    assert "60 events are NOT sealed in time, and nothing proves them" in waits.out
    told = patiently("audit", "verify", "--json", env=env)
    said = json.loads(told.out)
    assert (told.code, said["intact"], said["waiting_late"]) == (4, True, 60)
    seal(urls, tmp_path)
    assert patiently("audit", "verify", env=env).code == 0


def test_an_auditor_with_the_public_key_alone_can_verify(urls: PostgresUrls, tmp_path: Path) -> None:
    run(urls, FILL, count=5)
    seal(urls, tmp_path)
    env = configured(urls, tmp_path)
    public = aidial("audit", "key", env=env).out.strip()
    auditor = {**env, "AIDIAL_AUDIT_PUBLIC_KEYS": public}
    del auditor["AIDIAL_MASTER_KEY"]
    assert patiently("audit", "verify", env=auditor).code == 0
    del auditor["AIDIAL_AUDIT_PUBLIC_KEYS"]
    assert patiently("audit", "verify", env=auditor).code == 78
    assert patiently("audit", "verify", "--no-checkpoints", env=auditor).code == 0
    assert aidial("audit", "key", env=auditor).code == 78
    made = aidial("audit", "new-key")
    other = aidial("audit", "key", env={"AIDIAL_AUDIT_SIGNING_KEY": made.out.strip()})
    assert other.out.strip() in made.err
    stranger = {**auditor, "AIDIAL_AUDIT_PUBLIC_KEYS": other.out.strip()}
    refused = patiently("audit", "verify", env=stranger)
    assert refused.code == 3
    assert "is not trusted here" in refused.out


def test_what_does_not_answer_and_what_is_not_set_have_codes_of_their_own(tmp_path: Path) -> None:
    nowhere = {
        "DATABASE_URL": "postgresql://aidial_app:pw@127.0.0.1:1/x",
        "AIDIAL_MASTER_KEY": MASTER_KEY,
        "AIDIAL_AUDIT_CHECKPOINTS": str(tmp_path),
    }
    gone = aidial("audit", "verify", env=nowhere)
    assert gone.code == 69
    assert "pw@" not in gone.err
    assert aidial("audit", "verify", env={**nowhere, "AIDIAL_AUDIT_CHECKPOINTS": "here"}).code == 78
    assert aidial("audit", "verify", "--client", "No Such", env=nowhere).code == 2


def test_the_doctor_warns_of_events_that_nobody_seals(urls: PostgresUrls, tmp_path: Path) -> None:
    env = {
        **configured(urls, tmp_path),
        "DATABASE_URL": urls.app_url,
        "ZITADEL_ISSUER": ISSUER,
        "AIDIAL_API_AUDIENCE": "aidial-api",
    }
    run(urls, FILL, count=60)
    said = patiently("doctor", env=env).out
    assert "warn  activity log is sealed: " in said
    assert "events wait for their seal for more than 10 s" in said
    seal(urls, tmp_path)
    well = patiently("doctor", env=env).out
    assert "ok    activity log is sealed" in well
    assert "ok    checkpoints are written" in well
