"""One demo and one Chromium a worker; visitors who start from nothing or are signed in already.

The one thing a newcomer would get wrong: every test of a file runs on the same worker (`tests/conftest.py`),
and a demo more costs less than a worker that waits.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, StorageState, expect

from tests.aidial.demo.running import FREE, Demo, wait_all_gone
from tests.browser.chromium import find_chromium, open_chromium
from tests.browser.visitor import Person, Visitor
from tests.portal.nextauth import node

HERE = Path(__file__).parent
AXE = node.FOLDER / "node_modules" / "axe-core" / "axe.min.js"
CALLS = "300"
PATIENT = {
    "AIDIAL_LIMITS_SCALE": "100",
    "AIDIAL_API_TIMEOUT_MS": "20000",
    "AIDIAL_REQUEST_TIMEOUT_MS": "20000",
    "AIDIAL_BILLING_TIMEOUT_MS": "15000",
    "AIDIAL_STORAGE_TIMEOUT_MS": "15000",
    "AIDIAL_SESSION_IDLE_MINUTES": "600",
    "AIDIAL_SESSIONS_PER_USER": "50",
}
"""A demo that a busy machine does not make impatient, whose people stay signed in however long the run takes
and however often the tests sign them in. What these limits do is tested elsewhere."""
expect.set_options(timeout=20_000)  # a page may come late on a busy machine; nobody waits for what is there
OpenVisitor = Callable[..., Awaitable[Visitor]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is; without one every test here is skipped, and loudly."""
    path = find_chromium()
    if path is None:
        loudly = "NO CHROMIUM: what people see is NOT tested (apt-get install chromium)"
        warnings.warn(loudly, pytest.PytestWarning, stacklevel=1)
        pytest.skip(loudly)
    return path


@pytest.fixture(scope="session")
def start_demo() -> Iterator[Callable[..., Demo]]:
    """`start_demo("--calls", "20", env={...})`: a demo of its own folder, ready; gone after the session."""
    started: list[tuple[Demo, Path]] = []

    def start(*options: str, env: dict[str, str]) -> Demo:
        folder = Path(tempfile.mkdtemp(prefix="aidial-browser-"))
        folder.chmod(0o711)
        demo = Demo(folder / "data", *FREE, *options, env=env)
        started.append((demo, folder))
        demo.wait_ready()
        return demo

    yield start
    for demo, folder in started:
        left = demo.tree()
        demo.stop()
        wait_all_gone(left)
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def manifest(chromium_path: str, start_demo: Callable[..., Demo]) -> dict[str, Any]:
    """`demo.json` of the demo all tests share."""
    return start_demo("--calls", CALLS, env=PATIENT).manifest


@pytest.fixture(scope="session")
def people(manifest: dict[str, Any]) -> dict[str, Person]:
    """`people["alice"]`."""
    return people_of(manifest)


def people_of(manifest: dict[str, Any]) -> dict[str, Person]:
    """Everybody of a `demo.json`, by first name in lower case."""
    found = [
        Person(
            email=user["email"],
            password=user["password"],
            otp_secret=user["otp"]["secret"] if user["otp"] else None,
            role=user["role"],
            project_ids=user["project_ids"],
        )
        for user in manifest["users"]
    ]
    return {person.name.lower(): person for person in found}


@pytest.fixture(scope="session")
async def browser(chromium_path: str) -> AsyncIterator[Browser]:
    async with open_chromium(chromium_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def axe() -> str:
    """The program of axe-core, from npm."""
    node.install_packages()
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def kept_states() -> dict[str, StorageState]:
    """Cookies of people who signed in once for all tests that only look."""
    return {}


@pytest.fixture
async def visit(
    browser: Browser,
    manifest: dict[str, Any],
    people: dict[str, Person],
    kept_states: dict[str, StorageState],
    record_property: Callable[[str, object], None],
) -> AsyncIterator[OpenVisitor]:
    """`await visit()`: somebody nobody knows; `await visit("alice")`: Alice, signed in before.

    Options are those of a browser context (viewport, color_scheme, java_script_enabled). Nothing is on its
    way to another place or colour when it is looked at or pressed, unless `reduced_motion` says so.
    """
    opened: list[Visitor] = []

    async def signed_in(person: Person) -> StorageState:
        first = await open_visitor()
        await first.sign_in(person)
        return await first.context.storage_state()

    async def open_visitor(name: str | None = None, **options: Any) -> Visitor:
        if name is not None and name not in kept_states:
            kept_states[name] = await signed_in(people[name])
        state = kept_states[name] if name is not None else None
        usual = {"locale": "en-AU", "viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}
        settings = usual | options
        context = await browser.new_context(storage_state=state, **settings)
        visitor = Visitor(
            context,
            await context.new_page(),
            manifest["portal_url"],
            manifest["issuer"],
            has_scripts=settings.get("java_script_enabled", True),
        )
        visitor.watch()
        opened.append(visitor)
        return visitor

    yield open_visitor
    for visitor in opened:
        await visitor.context.close()
        for words in visitor.turned_away:
            record_property("measured", f"somebody had to sign in again: {words}")
    assert [complaint for visitor in opened for complaint in visitor.complaints] == []
