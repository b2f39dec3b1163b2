"""Ten thousand calls: exported whole in little memory; one more is too many."""

from __future__ import annotations

import tracemalloc

import aiohttp
import pytest

from tests.api.calls.lines import open_business
from tests.support.api import World
from tests.support.world_calls import new_call

CALLS = 10_000
MIB = 1024 * 1024
MOST_MIB = 24
"""What making a file of over 70 MiB may add to the process at any time."""

_COPIES = """
INSERT INTO calls ({columns}) SELECT {values} FROM calls c, generate_series(1, $2) AS n WHERE c.call_id = $1
"""


async def copied(world: World, call_id: str, copies: int) -> None:
    """Calls like one, a second apart, without the numbers that only open in their own row."""
    changed = {
        "call_id": "gen_random_uuid()",
        "external_id": "c.external_id || '-' || n",
        "started_at": "c.started_at - n * interval '1 second'",
        "from_number": "NULL",
        "to_number": "NULL",
    }
    names = await world.sql(
        "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'calls'"
        " AND is_generated = 'NEVER'"
    )
    columns = [row["name"] for row in names]
    values = ", ".join(changed.get(name, f"c.{name}") for name in columns)
    await world.sql(_COPIES.format(columns=", ".join(columns), values=values), call_id, copies)


@pytest.mark.slow
async def test_ten_thousand_calls_are_a_file_made_in_little_memory_and_one_more_is_refused(
    world: World,
) -> None:
    shop = await open_business(world, "Australia/Sydney")
    first = new_call(shop.lines[0], "large", metadata={"note": "wide " * 1_500})
    call_id = (await shop.deliver(first)).json["call_id"]
    await copied(world, call_id, CALLS - 1)
    path = f"/v1/calls/export?project_id={shop.lines[0]}"
    size = lines = 0
    tracemalloc.start()
    try:
        asked = f"{path}&include=metadata&reason=test"
        unhurried = aiohttp.ClientTimeout(total=100)
        async with world.api.http.get(asked, headers=shop.admin.headers, timeout=unhurried) as answer:
            assert answer.status == 200
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            async for piece in answer.content.iter_any():
                size += len(piece)
                lines += piece.count(b"\r\n")
            _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines == CALLS + 1
    assert size > 70 * MIB
    assert peak - before < MOST_MIB * MIB
    await shop.deliver(new_call(shop.lines[0], "one more"))
    refused = await shop.admin.get(path)
    assert (refused.status, refused.code) == (413, "export_too_large")
    narrow = {"matching": CALLS + 1, "matching_capped": False, "limit": CALLS}
    assert refused.json["details"].items() >= narrow.items()
