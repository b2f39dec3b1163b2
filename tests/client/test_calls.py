"""A voice platform delivers calls with the client, and a customer's system reads them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from aidial_client import AsyncAidial, Conflict, InvalidRequest, NotFound, PreconditionFailed, TooLarge
from aidial_contract.ids import new_id
from aidial_contract.shapes.calls import Call, CallPatch, NewCall
from tests.people import FRONT_DESK, NORTHSIDE_LINE
from tests.support.api import World
from tests.support.ids import without_ids
from tests.support.world_calls import new_call


def a_word() -> str:
    """A word nobody used before. Of letters: digits in a label might be redacted as somebody's number."""
    return new_id().replace("-", "").translate(str.maketrans("0123456789", "ghijklmnop"))


def fresh(**changes: Any) -> dict[str, Any]:
    """A call nobody delivered yet, started long enough ago not to be in anybody's way."""
    return new_call(FRONT_DESK, f"client-{new_id()}", age=timedelta(days=40), **changes)


async def test_a_delivered_call_comes_back_as_stored_with_its_etag(harbour: AsyncAidial) -> None:
    body = fresh(booking={"at": "2026-11-30T10:00:00+11:00"})
    call, created = await harbour.deliver_call(body)
    assert created
    assert (call.external_id, call.status, call.version) == (body["external_id"], "completed", 1)
    assert isinstance(call.booking, dict)
    again = await harbour.call(call.call_id)
    assert again == call
    assert again.etag.startswith('"')


async def test_a_call_may_be_written_as_the_contracts_shape(harbour: AsyncAidial) -> None:
    body = fresh()
    call, created = await harbour.deliver_call(msgspec.convert(body, NewCall))
    same, created_again = await harbour.deliver_call(body)
    assert (created, created_again) == (True, False)
    assert same == call


async def test_another_content_under_a_known_external_id_is_a_conflict(harbour: AsyncAidial) -> None:
    body = fresh()
    await harbour.deliver_call(body)
    with pytest.raises(Conflict) as refused:
        await harbour.deliver_call({**body, "outcome": "lost"})
    assert (refused.value.code, refused.value.status) == ("already_exists", 409)


async def test_every_wrong_field_is_named_at_once(harbour: AsyncAidial) -> None:
    body = fresh(from_number="0412 345 678", channel="fax")
    body["turns"][1]["text"] = ""
    with pytest.raises(InvalidRequest) as refused:
        await harbour.deliver_call(body)
    named = {one.field: one.code for one in refused.value.field_errors}
    assert named == {"/from_number": "format", "/channel": "not_allowed", "/turns/1/text": "too_short"}
    assert "/turns/1/text (too_short)" in str(refused.value)
    assert "0412" not in without_ids(str(refused.value))


async def test_a_call_beyond_ten_mebibytes_is_too_large(harbour: AsyncAidial) -> None:
    body = fresh(turns=[{"speaker": "caller", "text": "a" * 20_000}] * 600)
    with pytest.raises(TooLarge) as refused:
        await harbour.deliver_call(body)
    assert refused.value.code == "body_too_large"


async def test_numbers_are_masked_for_keys(harbour: AsyncAidial, world: World) -> None:
    call = await harbour.call(world.calls["front-1"])
    assert call.from_number == "+61 ... 567"
    listed = await harbour.calls_page(project_id=FRONT_DESK)
    shown = [one.from_number for one in listed.calls if one.from_number]
    assert shown
    assert all(re.fullmatch(r"\+\d{1,3} \.\.\. \d{3}", number) for number in shown)


async def test_walking_the_pages_meets_every_call_once(harbour: AsyncAidial, reader: AsyncAidial) -> None:
    label = f"walk-{a_word()}"
    sent = set()
    for minute in range(5):
        body = fresh(outcome=label)
        started = datetime(2026, 3, 3, 9, minute, tzinfo=UTC)
        body |= {"started_at": started, "ended_at": started + timedelta(seconds=30)}
        sent.add((await harbour.deliver_call(body))[0].call_id)
    walked = [call async for call in reader.calls(outcome=label, limit=2)]
    assert all(type(call) is Call for call in walked)
    assert [call.started_at for call in walked] == sorted((c.started_at for c in walked), reverse=True)
    assert len(walked) == 5
    assert {call.call_id for call in walked} == sent
    sizes = [
        (len(page.calls), page.matching.count) async for page in reader.call_pages(outcome=label, limit=2)
    ]
    assert sizes == [(2, 5), (2, 5), (1, 5)]


async def test_filters_say_what_is_wanted(harbour: AsyncAidial, reader: AsyncAidial) -> None:
    label, other = f"one and {a_word()}", f"two+{a_word()}&x"
    started = datetime(2026, 4, 4, 9, 0, tzinfo=UTC)
    times = {"started_at": started, "ended_at": started + timedelta(seconds=90)}
    flagged = {"attention": {"flag": True, "reason": "asked for a person"}}
    await harbour.deliver_call(fresh(outcome=label, **times, **flagged))
    await harbour.deliver_call(fresh(outcome=other, **times))

    async def found(**filters: Any) -> set[str | None]:
        return {call.outcome async for call in reader.calls(**{"outcome": [label, other], **filters})}

    assert await found() == {label, other}
    assert await found(attention=True) == {label}
    assert await found(attention=False) == {other}
    assert await found(from_=date(2026, 4, 4), to=date(2026, 4, 4)) == {label, other}
    assert await found(from_=started + timedelta(seconds=1)) == set()
    assert await found(to=started, min_duration=90, status=("completed", "missed")) == {label, other}
    assert await found(caller="567", project_id=FRONT_DESK, sort="duration") == {label, other}


async def test_a_filter_the_api_does_not_know_is_named(reader: AsyncAidial) -> None:
    unknown: dict[str, Any] = {"colour": "blue"}
    with pytest.raises(InvalidRequest) as refused:
        await reader.calls_page(**unknown)
    assert refused.value.code == "unsupported_query_parameter"
    assert [one.field for one in refused.value.field_errors] == ["query.colour"]
    with pytest.raises(ValueError, match="outcome: a value with a comma"):
        await reader.calls_page(outcome=["a,b"])


async def test_somebody_elses_call_and_no_call_are_the_same_not_found(
    reader: AsyncAidial, harbour: AsyncAidial, world: World
) -> None:
    for call_id in (world.calls["northside-1"], new_id(), "no id at all", "../projects", "a?b=c"):
        with pytest.raises(NotFound) as refused:
            await reader.call(call_id)
        assert (refused.value.code, refused.value.status, refused.value.field_errors) == (
            "not_found",
            404,
            (),
        )
        with pytest.raises(NotFound):
            await reader.transcript(call_id)
    with pytest.raises(NotFound):
        await harbour.deliver_call(new_call(NORTHSIDE_LINE, "not-ours"))


async def test_a_call_is_changed_once_by_each_revision(harbour: AsyncAidial) -> None:
    call, _ = await harbour.deliver_call(fresh())
    changed = await harbour.change_call(call.call_id, call.etag, CallPatch(resolution="booked in"))
    assert (changed.resolution, changed.outcome, changed.version) == ("booked in", "booked", 2)
    assert changed.etag != call.etag
    with pytest.raises(PreconditionFailed) as refused:
        await harbour.change_call(call.call_id, call.etag, {"resolution": "other"})
    assert (refused.value.code, refused.value.status) == ("revision_stale", 412)
    cleared = await harbour.change_call(call.call_id, "*", {"resolution": None})
    assert cleared.resolution is None


async def test_a_transcript_has_the_redacted_turns(harbour: AsyncAidial) -> None:
    said = "My number is 0412 345 678."
    call, _ = await harbour.deliver_call(fresh(turns=[{"speaker": "caller", "text": said}]))
    transcript = await harbour.transcript(call.call_id)
    assert (transcript.call_id, transcript.state) == (call.call_id, "available")
    assert [turn.text for turn in transcript.turns] == ["My number is [PHONE]."]
    assert transcript.turns[0].redactions[0].kind == "PHONE"
