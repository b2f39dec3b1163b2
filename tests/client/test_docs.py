"""What the documentation of the client shows is run as it stands."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

from tests.support.api import World

PAGE = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
SHOWN = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


async def run(block: str, world: World) -> str:
    """What an example prints, run by a Python of its own."""
    environ = {
        **os.environ,
        "AIDIAL_API_URL": world.api.url,
        "AIDIAL_API_KEY": world.harbour_manage.key,
        "PYTHONWARNINGS": "error",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        block,
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    printed, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    assert not complaints
    return printed.decode()


def without_time(text: str) -> str:
    return re.sub(r"example-\d+", "example", text)


async def test_the_first_example_prints_what_the_page_says(world: World) -> None:
    assert without_time(await run(PYTHON[0], world)) == without_time(SHOWN[0])


async def test_the_live_example_prints_what_the_page_says(world: World) -> None:
    assert await run(PYTHON[1], world) == SHOWN[1]


async def test_the_asynchronous_example_runs(world: World) -> None:
    printed = await run(PYTHON[2], world)
    assert re.match(r"calls in 7 days: \d+\.0\n", printed)
    assert "not answered: front-2\n" in printed


def test_every_example_of_the_page_is_run() -> None:
    assert (len(PYTHON), len(SHOWN)) == (3, 2)
