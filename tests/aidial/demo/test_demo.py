"""Somebody tries AiDial: starts the demo, stops it, kills it, starts it again."""

from __future__ import annotations

import itertools
import json
import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.aidial.demo.conftest import StartDemo
from tests.aidial.demo.running import Demo, ask, wait_all_gone, wait_until
from tests.support.postgres import PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def key_of(manifest: dict[str, Any], client_id: str, scope: str) -> str:
    found: str = next(
        key["key"] for key in manifest["api_keys"] if (key["client_id"], key["scope"]) == (client_id, scope)
    )
    return found


def count_calls(demo: Demo) -> dict[str, int]:
    """How many calls each client's own key sees."""
    manifest = demo.manifest
    counts = {}
    for client in manifest["clients"]:
        key = key_of(manifest, client["client_id"], "read")
        # What fits on its first page is not counted apart, which may take too long on a busy machine.
        status, answer = ask(f"{manifest['api_url']}/v1/calls?limit=100", key=key)
        assert status == 200, answer
        counts[client["client_id"]] = answer["matching"]["count"]
    return counts


def test_a_second_start_keeps_people_keys_and_calls(start: StartDemo) -> None:
    first = start("--calls", "60")
    first.wait_ready()
    manifest, counts, tree = first.manifest, count_calls(first), first.tree()
    assert sum(counts.values()) == 60
    assert min(counts.values()) > 5
    assert oct((first.folder / "demo.json").stat().st_mode & 0o777) == "0o600"
    assert ask(f"{manifest['portal_url']}/api/health")[0] == 200
    assert ask(f"{manifest['issuer']}/.well-known/openid-configuration")[0] == 200
    assert len(tree) > 8
    assert first.stop() == 0
    wait_all_gone(tree)

    second = start("--calls", "60")
    second.wait_ready()
    again = second.manifest
    for name in ("users", "api_keys", "clients"):
        assert again[name] == manifest[name]
    assert count_calls(second) == counts
    assert not any(line.startswith("Delivering") for line in second.said)


def test_no_call_that_was_answered_is_lost_when_everything_is_killed(start: StartDemo) -> None:
    first = start("--calls", "2000")
    folder = first.folder
    wait_until((folder / "seeding.json").exists)
    secrets = json.loads((folder / "secrets.json").read_bytes())
    api_port = json.loads((folder / "running.json").read_bytes())["ports"][1]
    api_url, key = f"http://127.0.0.1:{api_port}", secrets["api_keys"]["harbour-dental/manage"]
    project_id = ask(f"{api_url}/v1/projects", key=key)[1]["projects"][0]["project_id"]
    delivered: dict[str, str] = {}
    killed = threading.Event()

    def deliver() -> None:
        for number in itertools.count():
            status, call = ask(f"{api_url}/v1/calls", key=key, body=_call(project_id, number))
            if status == 201:
                delivered[call["external_id"]] = call["call_id"]
            if killed.is_set():
                return

    thread = threading.Thread(target=deliver)
    thread.start()
    wait_until(lambda: len(delivered) >= 60)
    tree = first.tree()
    first.kill()
    killed.set()
    thread.join()
    wait_all_gone(tree)
    plan = json.loads((folder / "seeding.json").read_bytes())
    assert not plan["done"]

    second = start("--calls", "2000")
    second.wait_ready()
    new_url = second.manifest["api_url"]
    for external_id, call_id in delivered.items():
        number = int(external_id.removeprefix("own-"))
        status, call = ask(f"{new_url}/v1/calls", key=key, body=_call(project_id, number))
        assert (status, call["call_id"]) == (200, call_id)
    assert json.loads((folder / "seeding.json").read_bytes()) == {**plan, "done": True, "recorded": True}
    assert sum(count_calls(second).values()) >= 2000 + len(delivered)


def _call(project_id: str, number: int) -> dict[str, Any]:
    return {
        "project_id": project_id,
        "external_id": f"own-{number}",
        "channel": "voice",
        "direction": "inbound",
        "status": "completed",
        "started_at": "2026-05-04T09:00:00+10:00",
        "ended_at": "2026-05-04T09:02:00+10:00",
        "end_reason": "caller_hangup",
        "from_number": None,
        "to_number": "+61255501820",
        "agent": {"id": "agent-1", "name": "Matilda"},
        "turns": [{"speaker": "caller", "text": f"This is call number {number}."}],
    }


def test_reset_makes_everything_anew_and_no_seed_delivers_nothing(start: StartDemo) -> None:
    first = start("--calls", "10")
    first.wait_ready()
    manifest = first.manifest
    foreign = first.folder / "notes.txt"
    foreign.write_text("not the demo's")
    assert first.stop() == 0
    second = start("--reset", "--no-seed")
    second.wait_ready()
    assert second.manifest["api_keys"] != manifest["api_keys"]
    assert [user["email"] for user in second.manifest["users"]] == [u["email"] for u in manifest["users"]]
    assert sum(count_calls(second).values()) == 0
    assert foreign.read_text() == "not the demo's"


def test_a_database_of_ones_own_is_used_when_named(
    start: StartDemo, postgres_server: PostgresServer, home: Path
) -> None:
    urls = postgres_server.empty_database("own_demo")
    env = {"DATABASE_URL": urls.app_url, "AIDIAL_DATABASE_OWNER_URL": urls.owner_url}
    demo = start("--calls", "5", env=env)
    demo.wait_ready()
    assert demo.manifest["database_url"] == urls.app_url
    assert not (home / "data" / "postgres").exists()
    with psycopg.connect(urls.superuser_url) as connection:
        row = connection.execute("SELECT count(*) FROM calls").fetchone()
    assert row == (5,)
    assert demo.stop() == 0


def test_the_callers_environment_wins_over_the_demos_defaults(start: StartDemo) -> None:
    demo = start("--calls", "0", env={"NEXTAUTH_URL": "https://portal.example", "ZITADEL_CLIENT_ID": "mine"})
    demo.wait_ready()
    assert demo.manifest["portal_url"] == "https://portal.example"
    config = json.loads((demo.folder / "identity" / "config.json").read_bytes())
    assert config["clients"][0]["client_id"] == "mine"
    assert config["clients"][0]["redirect_uris"] == ["https://portal.example/api/auth/callback/zitadel"]
