"""Getting started, followed to the letter against a real API."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec

from tests.docs.pages import ROOT, Example, examples
from tests.people import FRONT_DESK, HARBOUR
from tests.support.api import World

PAGE = ROOT / "docs" / "getting-started.md"
LEAST_EXAMPLES = 7
PATIENCE_S = 60


def as_script(example: Example, number: int) -> str:
    """One block as a part of a shell script; what it prints goes to a file of its own."""
    if example.language == "python":
        return f"cat > example.py <<'EXAMPLE'\n{example.code}EXAMPLE\npython3 example.py > out.{number}\n"
    return f"{{\n{example.code}}} > out.{number}\n"


async def test_a_newcomer_gets_to_their_first_call_by_copying_what_the_page_says(
    world: World, tmp_path: Path
) -> None:
    blocks = examples(PAGE)
    assert len(blocks) >= LEAST_EXAMPLES
    (tmp_path / "demo-data").mkdir()
    demo = {
        "api_url": world.api.url,
        "api_keys": [
            {"key": world.northside_manage.key, "scope": "manage", "client_id": "northside-dental"},
            {"key": world.harbour_read.key, "scope": "read", "client_id": HARBOUR},
            {"key": world.harbour_manage.key, "scope": "manage", "client_id": HARBOUR},
        ],
        "clients": [{"client_id": HARBOUR, "projects": [{"project_id": FRONT_DESK}]}],
    }
    (tmp_path / "demo-data" / "demo.json").write_bytes(msgspec.json.encode(demo))
    script = "set -euo pipefail\n" + "".join(as_script(one, number) for number, one in enumerate(blocks))
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        script,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "no_proxy": "127.0.0.1,localhost"},
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        _, complaints = await shell.communicate()
    assert shell.returncode == 0, complaints.decode()
    for number, block in enumerate(blocks):
        printed = (tmp_path / f"out.{number}").read_text(encoding="utf-8")
        assert block.expected is None or block.expected in printed, (block.code, printed)
    delivered = msgspec.json.decode((tmp_path / "answer.json").read_bytes())
    seen = await world.alice.get(f"/v1/calls/{delivered['call_id']}")
    assert seen.json["resolution"] == "resolved"
