"""What a call says of the personal details in its conversation: how many of which kind, never which."""

from __future__ import annotations

from typing import Any

from aidial_contract.ids import new_id
from tests.api.calls.lines import Business
from tests.support.world_calls import new_call


def told(*texts: str) -> dict[str, Any]:
    return {"turns": [{"speaker": "caller", "text": text} for text in texts]}


async def delivered(clinic: Business, *texts: str, **changes: Any) -> str:
    call = {**new_call(clinic.lines[0], new_id()), **told(*texts), **changes}
    return f"/v1/calls/{(await clinic.key.post('/v1/calls', call)).json['call_id']}"


async def entities(clinic: Business, path: str) -> Any:
    """As one call and as a row of the list, which say the same."""
    one = (await clinic.staff.get(path)).json
    listed = (await clinic.staff.get("/v1/calls?limit=100")).json["calls"]
    assert one["entities"] == next(each["entities"] for each in listed if each["call_id"] == one["call_id"])
    return one["entities"]


async def test_a_call_counts_what_was_found_in_it_the_commonest_first(clinic: Business) -> None:
    path = await delivered(clinic, "It's sam@example.com, or 0412 345 678.", "At home 02 5550 1234, thanks.")
    assert await entities(clinic, path) == [{"kind": "PHONE", "count": 2}, {"kind": "EMAIL", "count": 1}]
    nothing = await delivered(clinic, "At half past two, please.")
    assert await entities(clinic, nothing) == []


async def test_a_call_without_a_conversation_does_not_say_that_nothing_was_found(clinic: Business) -> None:
    assert await entities(clinic, await delivered(clinic)) is None


async def test_a_live_call_counts_anew_with_every_turn(clinic: Business) -> None:
    live = {"status": "live", "ended_at": None, "end_reason": None}
    path = await delivered(clinic, "My mobile is 0412", **live)
    assert await entities(clinic, path) == []
    await clinic.key.post(f"{path}/turns", told("345 678, or sam@example.com"))
    assert {one["kind"] for one in await entities(clinic, path)} == {"PHONE", "EMAIL"}


async def test_what_is_hidden_says_nothing_until_it_is_shown_again(clinic: Business) -> None:
    path = await delivered(clinic, "Ring me on 0412 345 678.")
    found = await entities(clinic, path)
    for is_hidden, said in ((True, None), (False, found)):
        await clinic.key.patch(path, {"transcript_hidden": is_hidden}, if_match="*")
        assert await entities(clinic, path) == said
