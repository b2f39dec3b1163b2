"""How the provider starts, whom it answers, and what it refuses before looking further."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest

from aidial_identity import (
    ConfigError,
    IdentityConfig,
    NotLoopbackError,
    bind_loopback,
    create_app,
    load_config,
    save_config,
)
from tests.support.identity import RunningIdentity, new_browser
from tests.support.processes import free_ports


def config_in(folder: Path, issuer: str) -> IdentityConfig:
    return IdentityConfig(
        issuer=issuer,
        key_file=str(folder / "keys.json"),
        state_file=str(folder / "state.sqlite3"),
        project_id="project",
        api_audience="aidial-api",
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", ""])  # noqa: S104
def test_nobody_can_make_it_listen_beyond_this_computer(host: str) -> None:
    with pytest.raises(NotLoopbackError):
        bind_loopback(host, 0)


@pytest.mark.parametrize(
    "issuer",
    [
        "http://192.0.2.1:9000",
        "http://127.0.0.1:9000/",
        "https://127.0.0.1:9000",
        "http://a.example",
        "nonsense",
    ],
)
def test_an_issuer_that_cannot_be_is_refused(tmp_path: Path, issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        config_in(tmp_path, issuer)


def test_a_configuration_is_kept_private_and_read_back(tmp_path: Path) -> None:
    config, file = config_in(tmp_path, "http://127.0.0.1:9000"), tmp_path / "made" / "identity.json"
    save_config(config, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert load_config(environ={"AIDIAL_IDENTITY_CONFIG": str(file)}) == config
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="readable by its owner"):
        load_config(str(file))


def test_a_bad_configuration_is_named_without_its_values(tmp_path: Path) -> None:
    file = tmp_path / "identity.json"
    content = msgspec.to_builtins(config_in(tmp_path, "http://127.0.0.1:9000"))
    file.write_text(json.dumps({**content, "accounts": [{"password": "hunter2"}]}))
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="accounts") as refused:
        load_config(str(file))
    assert "hunter2" not in str(refused.value)


async def test_it_runs_as_a_process_and_stops_when_told(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    issuer = f"http://127.0.0.1:{port}"
    save_config(config_in(tmp_path, issuer), tmp_path / "identity.json")
    environ = {**os.environ, "AIDIAL_IDENTITY_CONFIG": str(tmp_path / "identity.json")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "aidial_identity", env=environ, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert json.loads(await process.stdout.readline()) == {"issuer": issuer}
    async with new_browser() as http, http.get(f"{issuer}/.well-known/openid-configuration") as response:
        assert response.status == 200
    process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 20) == 0


async def test_a_missing_configuration_ends_with_the_configuration_code() -> None:
    environ = {name: value for name, value in os.environ.items() if name != "AIDIAL_IDENTITY_CONFIG"}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "aidial_identity", env=environ, stderr=asyncio.subprocess.PIPE
    )
    _, complaint = await process.communicate()
    assert process.returncode == 78
    assert b"AIDIAL_IDENTITY_CONFIG" in complaint


async def test_another_host_name_and_too_much_content_are_refused(idp: RunningIdentity) -> None:
    page = f"{idp.issuer}/.well-known/openid-configuration"
    async with new_browser() as http:
        async with http.get(page, headers={"host": "evil.example"}) as response:
            assert response.status == 400
        async with http.get(f"{idp.issuer}/oauth/v2/authorize?state=" + "x" * 9000) as response:
            assert response.status in {400, 414}
        async with http.post(f"{idp.issuer}/oauth/v2/token", data={"code": "x" * 20_000}) as response:
            assert response.status == 413
        async with http.post(f"{idp.issuer}/oauth/v2/token", json={}) as response:
            assert response.status == 415
        async with http.get(page) as response:
            assert response.headers["x-content-type-options"] == "nosniff"
            assert response.headers["cache-control"] == "no-store"


async def test_a_caller_from_another_computer_is_refused_whatever_serves_the_app(tmp_path: Path) -> None:
    app = create_app(config_in(tmp_path, "http://127.0.0.1:9000"))
    sent: list[dict[str, object]] = []

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/oauth/v2/keys",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:9000")],
        "client": ("192.0.2.7", 40_000),
        "server": ("127.0.0.1", 9000),
    }
    await app(scope, receive, send)
    app.state.provider.state.close()
    assert sent[0]["status"] == 403
