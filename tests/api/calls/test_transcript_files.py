"""A transcript as a file: who gets it, what is in it, what never is, and what the activity log says."""

from __future__ import annotations

import asyncio
import re
import time
import zlib
from typing import Any

import msgspec
import pytest

from aidial_api.kernel import pdf
from aidial_api.kernel.pdf import PdfMakers, PdfTooLargeError
from aidial_api.surfaces.calls.transcript_file import Document, Line, as_text
from aidial_contract import errors
from aidial_contract.fault import Fault
from tests.api.calls.lines import Business
from tests.support.api import World, running_api
from tests.support.askers import Answer, Asker
from tests.support.world_calls import new_call

NUMBER = "0412 345 678"
HOSTILE = '#import "@preview/x:1.0.0"\n= Heading $x^2$ *bold* @ref <label> `raw` \\ // [PHONE]\n[9:59] Agent'


def path_of(call_id: str, kind: str = "") -> str:
    return f"/v1/calls/{call_id}/transcript/download" + (f"?format={kind}" if kind else "")


async def delivered(business: Business, external_id: str, *texts: str, **changes: Any) -> str:
    """A call in which the caller says `texts`; its id."""
    turns = [{"speaker": "caller", "text": text, "start_ms": 61_000} for text in texts]
    answer = await business.deliver(new_call(business.lines[0], external_id, turns=turns, **changes))
    return str(answer.json["call_id"])


def assert_is_pdf(body: bytes) -> None:
    """Begins and ends as one, and every stream in it can be unpacked."""
    assert body.startswith(b"%PDF-1.7")
    assert body.rstrip().endswith(b"%%EOF")
    streams = re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)\r?\nendstream", body, re.DOTALL)
    assert streams
    for stream in streams:
        zlib.decompressobj().decompress(stream)


async def test_alice_downloads_what_was_said_without_the_number(clinic: Business) -> None:
    call_id = await delivered(clinic, "file-1", f"Ring me on {NUMBER} please", "Zweite Zeile: äöü 漢字 😀")
    answer = await clinic.admin.get(path_of(call_id))
    text = answer.body.decode()
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="transcript-{call_id}.txt"'
    assert "[1:01] Caller\n    Ring me on [PHONE] please\n" in text
    assert "漢字 😀" in text
    assert "(Australia/Sydney)" in text
    assert NUMBER not in text
    pdf = await clinic.admin.get(path_of(call_id, "pdf"))
    assert pdf.headers["content-type"] == "application/pdf"
    assert_is_pdf(pdf.body)
    (first,) = [await clinic.admin.get(path_of(call_id, "txt"))]
    assert first.body == answer.body


async def test_only_alice_may(world: World, clinic: Business) -> None:
    front = world.calls["front-1"]
    assert (await world.alice.get(path_of(front))).status == 200
    for somebody in (world.ben, world.chloe, world.priya, world.tom, world.ada, world.mallory):
        assert (await somebody.get(path_of(front))).status == 404
    assert (await world.harbour_manage.get(path_of(front))).code == "auth_mode_not_allowed"
    assert (await clinic.admin.get(path_of(front))).status == 404


async def test_each_download_is_in_the_activity_log(world: World, clinic: Business) -> None:
    call_id = await delivered(clinic, "file-log", "Hello")
    await clinic.admin.get(path_of(call_id, "pdf"))
    await clinic.admin.ask("HEAD", path_of(call_id, "pdf"))
    await clinic.staff.get(path_of(call_id, "pdf"))
    events = [one for one in await world.events(call_id) if one["action"] == "calls.transcript.downloaded"]
    assert [(one["outcome"], one["technical"]) for one in events] == [("done", '{"format": "pdf"}')]


@pytest.mark.parametrize("state", ["live", "missing", "hidden", "retention_expired", "redaction_failed"])
async def test_a_transcript_nobody_can_read_is_a_conflict_that_says_so(
    world: World, clinic: Business, state: str
) -> None:
    call_id = await delivered(clinic, f"file-{state}", "Hello")
    await world.sql("UPDATE calls SET transcript_state = $2 WHERE call_id = $1", call_id, state)
    answer = await clinic.admin.get(path_of(call_id))
    assert (answer.status, answer.code) == (409, "state_conflict")
    assert answer.json["details"]["current_state"] == state
    assert answer.json["details"]["allowed"] == ["available", "truncated", "incomplete"]
    assert (await clinic.staff.get(path_of(call_id))).status == 404


async def test_a_part_of_a_transcript_says_that_it_is_one(world: World, clinic: Business) -> None:
    call_id = await delivered(clinic, "file-part", "Hello")
    await world.sql("UPDATE calls SET transcript_state = 'incomplete' WHERE call_id = $1", call_id)
    assert (
        "A part of the call was not transcribed." in (await clinic.admin.get(path_of(call_id))).body.decode()
    )


async def test_the_format_and_accept_belong_together(clinic: Business) -> None:
    call_id = await delivered(clinic, "file-accept", "Hello")
    asked = {
        ("txt", "text/plain"): 200,
        ("txt", "application/pdf"): 406,
        ("pdf", "application/pdf"): 200,
        ("pdf", "text/plain"): 406,
        ("docx", "*/*"): 400,
    }
    for (kind, accept), status in asked.items():
        assert (await clinic.admin.get(path_of(call_id, kind), accept=accept)).status == status, kind


async def test_what_is_too_long_says_which_format_would_do(world: World, clinic: Business) -> None:
    call_id = await delivered(clinic, "file-long", "äh " * 100)
    sizes = {"AIDIAL_LIMIT_TRANSCRIPT_PDF": "200", "AIDIAL_LIMIT_TRANSCRIPT_TXT": "400"}

    async def ask(kind: str, **changed: str) -> Answer:
        async with running_api({**world.environ, **sizes, **changed}) as api:
            return await Asker(api.http, clinic.admin.headers).get(path_of(call_id, kind))

    assert (await ask("txt")).status == 200
    answer = await ask("pdf")
    assert (answer.status, answer.code) == (413, "transcript_too_large")
    assert answer.json["details"] == {"limit_bytes": 200, "text_bytes": 400, "alternative_formats": ["txt"]}
    answer = await ask("pdf", AIDIAL_LIMIT_TRANSCRIPT_TXT="399")
    assert answer.json["details"]["alternative_formats"] == []
    answer = await ask("txt", AIDIAL_LIMIT_TRANSCRIPT_TXT="399")
    assert (answer.status, answer.json["details"]["alternative_formats"]) == (413, [])


async def test_nobody_can_say_a_turn_of_somebody_else(clinic: Business) -> None:
    call_id = await delivered(
        clinic, "file-hostile", HOSTILE, "turned \u202e round", "line\u2028[1:00] Agent\u2028no"
    )
    text = (await clinic.admin.get(path_of(call_id))).body.decode()
    assert "\u202e" not in text
    heads = [line for line in text.splitlines() if re.match(r"\[\d+:\d\d\] ", line)]
    assert heads == ["[1:01] Caller"] * 3
    pdf = await clinic.admin.get(path_of(call_id, "pdf"))
    assert_is_pdf(pdf.body)


def shown(*texts: str) -> bytes:
    return msgspec.json.encode(
        Document("Transcript", [("Call", "#x")], ["$note"], [Line("0:01", "Caller", text) for text in texts])
    )


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "#panic()",
        "\u202eabc\u2066",
        "שלום مرحبا 漢字 😀👨‍👩‍👧",
        "x" * 20_000,
        "\\u{0}\n" * 500,
        "a\u0301" * 5_000,
        "</script>]]}}\"'`",
    ],
    ids=["markup", "panic", "bidi", "scripts", "long word", "escapes", "combining", "ends"],
)
async def test_whatever_was_said_is_typeset_as_text(text: str) -> None:
    assert_is_pdf(await PdfMakers(seconds=30).make(shown(text)))


async def test_a_pdf_that_takes_too_long_is_given_up_and_its_process_ends() -> None:
    started = time.perf_counter()
    with pytest.raises(PdfTooLargeError):
        await PdfMakers(seconds=0.3).make(shown(*["a\n" * 10_000] * 50))
    assert time.perf_counter() - started < pdf.SECONDS  # it was the limit given here


async def test_waiting_for_others_makes_no_document_too_large() -> None:
    makers, slow = PdfMakers(at_once=1, seconds=2.0), shown(*["a\n" * 10_000] * 50)

    async def behind_a_slow_one() -> bytes:
        await asyncio.sleep(0.1)
        return await makers.make(shown("An ordinary call."))

    first, second = await asyncio.gather(makers.make(slow), behind_a_slow_one(), return_exceptions=True)
    assert isinstance(first, PdfTooLargeError)
    assert isinstance(second, bytes), second
    assert_is_pdf(second)


async def test_a_deadline_that_comes_first_says_nothing_about_the_document() -> None:
    soon = asyncio.get_running_loop().time() + 0.3
    with pytest.raises(Fault) as late:
        await PdfMakers().make(shown(*["a\n" * 10_000] * 50), soon)
    assert late.value.row is errors.DEPENDENCY_TIMEOUT
    makers = PdfMakers(at_once=1, seconds=0.3)
    busy = asyncio.create_task(makers.make(shown(*["a\n" * 10_000] * 50)))
    await asyncio.sleep(0)
    with pytest.raises(Fault) as waited:
        await makers.make(shown("An ordinary call."), asyncio.get_running_loop().time() + 0.1)
    assert waited.value.row is errors.DEPENDENCY_TIMEOUT
    with pytest.raises(PdfTooLargeError):
        await busy


def test_a_turn_without_time_has_none() -> None:
    text = as_text(Document("Transcript", [], [], [Line("", "System", "")])).decode()
    assert text.endswith("\nSystem\n    \n")
