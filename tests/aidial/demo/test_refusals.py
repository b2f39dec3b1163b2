"""What the demo says instead of starting, and the parts that need no start."""

from __future__ import annotations

import base64
import os
import socket
from pathlib import Path

import pytest

from aidial.demo.environment import effective, names_database
from aidial.demo.folder import DemoFolder, choose_folder
from aidial.demo.manifest import manifest
from aidial.demo.memory import load_plan, load_secrets
from aidial.demo.organisation import write_identity
from aidial.demo.ports import reserve
from aidial.demo.seeding import batches
from aidial.stops import CommandStopped, Exit
from aidial_identity.config import load_config
from tests.aidial.demo.conftest import StartDemo

URLS = {"database_url": "postgresql://app@db/aidial", "owner_url": "postgresql://owner@db/aidial"}


@pytest.fixture
def folder(home: Path) -> DemoFolder:
    return DemoFolder(home / "data")


def test_a_taken_port_is_named_with_what_to_do(start: StartDemo) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        demo = start("--api-port", str(port))
        assert demo.wait_end() == Exit.UNAVAILABLE
    said = f"aidial: port {port} is taken. Stop what listens there, or choose another: --api-port 0 takes"
    assert demo.said == [f"{said} any free one."]
    assert not (demo.folder / "demo.json").exists()


def test_two_demos_on_one_folder_are_refused(start: StartDemo, folder: DemoFolder) -> None:
    folder.take()
    demo = start()
    assert demo.wait_end() == Exit.UNAVAILABLE
    assert f"is in use by process {os.getpid()}" in demo.said[0]
    folder.give_back()


def test_a_foreign_database_is_never_reset(start: StartDemo) -> None:
    demo = start("--reset", env={"DATABASE_URL": "postgresql://somebody@db/theirs"})
    assert demo.wait_end() == Exit.USAGE
    assert "empty it yourself" in demo.said[0]


def test_a_database_that_does_not_answer_is_said_plainly(start: StartDemo) -> None:
    demo = start(env={"DATABASE_URL": "postgresql://aidial_app:pw@127.0.0.1:1/aidial"})
    assert demo.wait_end() == Exit.UNAVAILABLE
    assert demo.said[-1].startswith("aidial: the database does not answer")
    assert "pw@" not in "\n".join(demo.said)


def test_lost_secrets_are_not_replaced_over_data_they_are_needed_for(folder: DemoFolder) -> None:
    folder.take()
    (folder.postgres / "cluster").mkdir(parents=True)
    with pytest.raises(CommandStopped, match="is missing"):
        load_secrets(folder)
    folder.give_back()


def test_secrets_and_plan_stay_the_same(folder: DemoFolder) -> None:
    folder.take()
    first, plan = load_secrets(folder), load_plan(folder, 60)
    assert load_secrets(folder) == first
    assert load_plan(folder, 500) == plan
    assert folder.secrets.stat().st_mode & 0o777 == 0o600
    assert len(base64.b64decode(first.master_key)) == 32
    assert len(first.nextauth_secret) >= 32
    assert repr(first) == "<Secrets>"
    folder.give_back()


def test_a_reserved_port_goes_to_nobody_else_but_lets_its_server_listen() -> None:
    held = reserve("--portal-port", 0, both_families=True)
    with pytest.raises(OSError, match="in use"), socket.socket() as stranger:
        stranger.bind(("127.0.0.1", held.port))
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", held.port))
        server.listen()
    held.free()


def test_the_manifest_says_what_other_tools_rely_on(folder: DemoFolder) -> None:
    folder.take()
    secrets = load_secrets(folder)
    folder.give_back()
    document = manifest(effective({}, secrets, ports=(3000, 8000, 9000), **URLS), secrets)
    assert document["portal_url"] == "http://localhost:3000"
    assert (document["api_url"], document["issuer"]) == ("http://127.0.0.1:8000", "http://127.0.0.1:9000")
    users = document["users"]
    first = {user["role"]: user for user in reversed(users)}
    staff = [first[role] for role in ("client_admin", "client_manager", "client_staff")]
    assert len({tuple(user["client_ids"]) for user in staff}) == 1
    assert all(staff[0]["project_ids"][0] in user["project_ids"] for user in staff)
    tenant = staff[0]["client_ids"][0]
    assert all(tenant in first[role]["client_ids"] for role in ("partner_admin", "partner_user"))
    admins = {user["client_ids"][0] for user in users if user["role"] == "client_admin"}
    assert admins == {client["client_id"] for client in document["clients"]}
    operators = [user["otp"] is None for user in users if user["role"] == "aidial_operator"]
    assert operators == [False, True]
    assert {(key["client_id"], key["scope"]) for key in document["api_keys"]} == {
        (client, scope) for client in admins for scope in ("read", "manage")
    }
    for user in users:
        assert (
            bool(user["client_ids"]) == bool(user["project_ids"]) == (not user["role"].startswith("aidial"))
        )


def test_no_child_gets_the_secrets_of_another(folder: DemoFolder) -> None:
    folder.take()
    secrets = load_secrets(folder)
    folder.give_back()
    environ = {"PATH": "/bin", "AIDIAL_LIMITS_SCALE": "10", "NEXTAUTH_SECRET_FILE": "/dev/null"}
    known = effective(
        {n: v for n, v in environ.items() if not n.endswith("_FILE")}, secrets, ports=(1, 2, 3), **URLS
    )
    assert known.portal_env["AIDIAL_API_TIMEOUT_MS"] == "5000"
    assert known.api_env["AIDIAL_LIMITS_SCALE"] == known.portal_env["AIDIAL_LIMITS_SCALE"] == "10"
    assert not {"DATABASE_URL", "AIDIAL_MASTER_KEY"} & known.portal_env.keys()
    assert not {"NEXTAUTH_SECRET", "ZITADEL_CLIENT_SECRET"} & known.api_env.keys()
    assert known.identity_env == {"PATH": "/bin", "AIDIAL_LIMITS_SCALE": "10"}


def test_a_portal_named_as_nextauth_names_it_is_registered_by_its_origin(folder: DemoFolder) -> None:
    folder.take()
    secrets = load_secrets(folder)
    environ = {"NEXTAUTH_URL": "http://localhost:3000/api/auth"}
    known = effective(environ, secrets, ports=(3000, 8000, 9000), **URLS)
    folder.identity.mkdir(parents=True, exist_ok=True)
    (portal,) = load_config(str(write_identity(known, secrets, folder.identity))).clients
    folder.give_back()
    assert manifest(known, secrets)["portal_url"] == "http://localhost:3000"
    assert portal.redirect_uris == ("http://localhost:3000/api/auth/callback/zitadel",)
    assert portal.post_logout_redirect_uris == ("http://localhost:3000/sign-in", "http://localhost:3000")
    assert portal.backchannel_logout_uri == "http://localhost:3000/api/auth/backchannel-logout"
    assert known.portal_env["NEXTAUTH_URL"] == "http://localhost:3000"


def test_a_bad_variable_of_the_callers_is_named(folder: DemoFolder) -> None:
    folder.take()
    secrets = load_secrets(folder)
    folder.give_back()
    with pytest.raises(CommandStopped, match="AIDIAL_MASTER_KEY: must be 32 bytes") as stopped:
        effective({"AIDIAL_MASTER_KEY": "c2hvcnQ="}, secrets, ports=(1, 2, 3), **URLS)
    assert stopped.value.code == Exit.CONFIGURATION
    assert "c2hvcnQ=" not in str(stopped.value)


def test_every_call_belongs_to_some_line(folder: DemoFolder) -> None:
    folder.take()
    secrets = load_secrets(folder)
    folder.give_back()
    for count in (1, 7, 60, 2000):
        made = batches(secrets, count)
        assert sum(batch.count for batch in made) == count
    assert len(batches(secrets, 2000)) == 5


def test_root_in_a_closed_folder_gets_a_folder_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root lends PostgreSQL another user")
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    said: list[str] = []
    monkeypatch.chdir(home)
    assert choose_folder(None, embedded=True, say=said.append) == home / "demo-data"
    monkeypatch.chdir(closed)
    chosen = choose_folder(None, embedded=True, say=said.append)
    assert str(chosen).startswith("/var/tmp/aidial-demo-0-")  # noqa: S108 - what is promised
    assert not chosen.exists()
    assert "who may not enter" in said[0]
    assert choose_folder(None, embedded=False, say=said.append) == closed / "demo-data"
    assert choose_folder(home / "x", embedded=True, say=said.append) == home / "x"


def test_a_database_is_named_directly_or_by_a_file() -> None:
    assert not names_database({})
    assert names_database({"DATABASE_URL": "x"})
    assert names_database({"DATABASE_URL_FILE": "/run/secrets/db"})
