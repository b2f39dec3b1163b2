"""A portal that is not configured says everything that is wrong, and no value."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from aidial_contract.settings import ConfigurationError
from aidial_portal.app import create_app
from aidial_portal.settings import read_settings
from tests.portal.kernel.scripted import ScriptedIssuer, free_socket, served

GOOD = {
    "NEXTAUTH_SECRET": "x" * 32,
    "NEXTAUTH_URL": "https://portal.example",
    "AIDIAL_API_BASE_URL": "http://127.0.0.1:8000/",
    "AIDIAL_API_TIMEOUT_MS": "2500",
    "ZITADEL_ISSUER": "https://issuer.example",
    "ZITADEL_CLIENT_ID": "portal",
    "ZITADEL_CLIENT_SECRET": "hidden",
}


def test_seven_values_are_enough() -> None:
    settings = read_settings(GOOD)
    assert settings.api_base_url == "http://127.0.0.1:8000"
    assert settings.accepted_hosts == {"portal.example"}
    assert settings.zitadel_scope == "openid profile email offline_access"
    assert settings.is_https
    assert "hidden" not in repr(settings)
    assert "x" * 32 not in repr(settings)


@pytest.mark.parametrize("url", ["HTTPS://portal.example/", "https://portal.example/api/auth"])
def test_the_portals_address_may_be_written_as_next_auth_takes_it(url: str) -> None:
    settings = read_settings({**GOOD, "NEXTAUTH_URL": url})
    assert settings.nextauth_url == "https://portal.example"
    assert settings.is_https


def test_every_missing_name_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as error:
        read_settings({})
    assert set(error.value.problems) == set(GOOD)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NEXTAUTH_SECRET", "too short"),
        ("NEXTAUTH_URL", "portal.example"),
        ("NEXTAUTH_URL", "https://portal.example/front/desk"),
        ("AIDIAL_SIGN_IN_ORIGINS", "login.example"),
        ("AIDIAL_SIGN_IN_ORIGINS", "https://login.example/path"),
        ("AIDIAL_SIGN_IN_ORIGINS", "https://login.example 'unsafe-inline'"),
        ("AIDIAL_API_BASE_URL", "http://user:pw@api.example"),
        ("AIDIAL_API_TIMEOUT_MS", "0"),
        ("AIDIAL_API_TIMEOUT_MS", "inf"),
        ("AIDIAL_API_TIMEOUT_MS", "soon"),
        ("AIDIAL_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("AIDIAL_LIMITS_SCALE", "-1"),
    ],
)
def test_a_bad_value_is_named_and_not_shown(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        read_settings({**GOOD, name: value})
    assert set(error.value.problems) == {name}
    assert value not in str(error.value)


def test_a_value_may_come_from_a_file_but_not_from_both(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("y" * 40 + "\n")
    environ = {name: value for name, value in GOOD.items() if name != "NEXTAUTH_SECRET"}
    assert read_settings({**environ, "NEXTAUTH_SECRET_FILE": str(file)}).nextauth_secret == "y" * 40
    for more in ({**GOOD, "NEXTAUTH_SECRET_FILE": str(file)}, {**environ, "NEXTAUTH_SECRET_FILE": "/none"}):
        with pytest.raises(ConfigurationError) as error:
            read_settings(more)
        assert set(error.value.problems) == {"NEXTAUTH_SECRET"}


def test_the_process_stops_with_78_and_says_why_on_stderr() -> None:
    code = "import os; from aidial_portal.settings import settings_or_exit; settings_or_exit(os.environ)"
    environ = {**os.environ, **GOOD, "NEXTAUTH_SECRET": "never shown", "ZITADEL_CLIENT_ID": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 78
    assert "NEXTAUTH_SECRET" in done.stderr
    assert "ZITADEL_CLIENT_ID: missing" in done.stderr
    assert "never shown" not in done.stderr + done.stdout


async def test_a_portal_that_loses_a_value_says_so_until_it_is_repaired(
    api_url: str, issuer: ScriptedIssuer, browser: aiohttp.ClientSession
) -> None:
    listener, port = free_socket()
    settings = read_settings(
        {**GOOD, "NEXTAUTH_URL": f"http://127.0.0.1:{port}", "AIDIAL_API_BASE_URL": api_url}
    )
    app = create_app(settings, issuer=lambda _: issuer)
    async with served(app, listener):
        for new, expected in ((None, (500, 503)), (settings, (401, 503))):
            await app.reload(new)
            async with browser.get(f"{settings.nextauth_url}/api/projects") as answer:
                assert answer.status == expected[0]
            async with browser.get(f"{settings.nextauth_url}/api/health") as answer:
                checks = (await answer.json(content_type=None))["checks"]
                assert answer.status == expected[1]
                assert ("configuration" in checks) is (new is None)
        await app.reload(dataclasses.replace(settings, hosts=("other.example",)))
        async with browser.get(f"{settings.nextauth_url}/api/projects") as answer:
            assert answer.status == 400
