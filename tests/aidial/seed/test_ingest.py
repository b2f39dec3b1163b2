"""Somebody delivers a file of calls. The server here stands in for a network only: it answers by script."""

import asyncio
import gzip
import json
import os
import signal
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.aidial.seed.test_generated_calls import UNTIL
from tests.support.processes import nobody_listens
from typer import Typer
from typer.testing import CliRunner

from aidial import ingest
from aidial.delivery import Courier
from aidial.ingest import Report, command, deliver_file
from aidial.seed import HARBOUR_DENTAL, generate_calls
from aidial_contract.checking import check
from aidial_contract.shapes.calls import NewCall, new_call_rules

PROJECT = HARBOUR_DENTAL.projects[0].project_id


class ScriptedServer:
    """Takes calls; `script` holds answers by external_id, used up one by one."""

    def __init__(self) -> None:
        self.url = ""
        self.stored: dict[str, bytes] = {}
        self.keys: Counter[str] = Counter()
        self.script: dict[str, list[Response]] = {}
        self.most_at_once = self.at_once = 0

    async def take(self, request: Request) -> Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            body = await request.body()
            self.keys[request.headers["idempotency-key"]] += 1
            await asyncio.sleep(0)
            return self._answer(request, body)
        finally:
            self.at_once -= 1

    def _answer(self, request: Request, body: bytes) -> Response:
        if request.headers.get("x-api-key") != "right":
            return problem(401, "api_key_invalid")
        external_id = json.loads(body)["external_id"]
        if self.script.get(external_id):
            return self.script[external_id].pop(0)
        if external_id in self.stored:
            return (
                JSONResponse({}, 200) if self.stored[external_id] == body else problem(409, "already_exists")
            )
        self.stored[external_id] = body
        return JSONResponse({}, 201)


def problem(status: int, code: str, *fields: str, after: str | None = None) -> Response:
    body: dict[str, Any] = {"code": code, "message": "No."}
    if fields:
        body["field_errors"] = [{"field": field} for field in fields]
    return JSONResponse(body, status, headers={"Retry-After": after} if after else None)


@asynccontextmanager
async def served() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    app = Starlette(routes=[Route("/v1/calls", scripted.take, methods=["POST"])])
    listening = socket.create_server(("127.0.0.1", 0))
    scripted.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    # uvicorn takes the signals over while it starts: Ctrl-C must meet the handler set after that.
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event for it
        await asyncio.sleep(0)
    try:
        yield scripted
    finally:
        server.should_exit = True
        await serving
        listening.close()


def written(tmp_path: Path, count: int = 12) -> tuple[Path, list[dict[str, Any]]]:
    calls = list(generate_calls(HARBOUR_DENTAL, PROJECT, count, until=UNTIL, seed=3))
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(json.dumps(call) for call in calls) + "\n", encoding="utf-8")
    return path, calls


async def delivered(server: ScriptedServer, path: Path, key: str = "right", concurrency: int = 3) -> Report:
    return await deliver_file(path, Courier(server.url, key, 20), PROJECT, concurrency, None)


async def test_a_file_goes_in_once_however_often_it_is_sent(tmp_path: Path) -> None:
    path, calls = written(tmp_path)
    async with served() as server:
        first, second = await delivered(server, path), await delivered(server, path)
        assert (first.created, first.already_there, first.exit_code) == (12, 0, 0)
        assert (second.created, second.already_there, second.exit_code) == (0, 12, 0)
        assert set(server.stored) == {call["external_id"] for call in calls}
        assert set(server.keys.values()) == {2}
        assert server.most_at_once <= 3


async def test_a_refused_line_is_named_and_the_others_go_in(tmp_path: Path) -> None:
    path, calls = written(tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write("not json\n")
    async with served() as server:
        server.script[calls[4]["external_id"]] = [
            problem(422, "validation_failed", "/status", "/turns/0/text")
        ]
        server.script[calls[7]["external_id"]] = [problem(409, "already_exists")]
        report = await delivered(server, path)
    assert report.created == 10
    assert [(one.line, one.code, one.fields) for one in report.refused] == [
        (5, "validation_failed", ("/status", "/turns/0/text")),
        (8, "already_exists", ()),
        (13, "malformed_json", ()),
    ]
    assert report.exit_code == 1


async def test_it_comes_back_when_told_to_and_after_a_hiccup(tmp_path: Path) -> None:
    path, calls = written(tmp_path, 4)
    async with served() as server:
        server.script[calls[0]["external_id"]] = [problem(429, "rate_limited", after="1")]
        server.script[calls[1]["external_id"]] = [
            problem(503, "dependency_unavailable"),
            problem(500, "internal_error"),
        ]
        began = asyncio.get_running_loop().time()
        report = await delivered(server, path)
        assert asyncio.get_running_loop().time() - began >= 0.99
    assert (report.created, report.refused) == (4, [])


async def test_a_wrong_key_stops_the_run_instead_of_failing_every_line(tmp_path: Path) -> None:
    path, _ = written(tmp_path, 40)
    async with served() as server:
        report = await delivered(server, path, key="wrong", concurrency=1)
    assert [one.code for one in report.refused] == ["api_key_invalid"]
    assert report.exit_code == 1


async def test_nobody_answering_is_said_plainly(tmp_path: Path) -> None:
    path, _ = written(tmp_path, 3)
    with nobody_listens() as url:
        report = await deliver_file(path, Courier(url, "right", 20), PROJECT, 2, None)
    assert report.unreachable
    assert report.exit_code == 69


async def test_ctrl_c_ends_cleanly_and_the_next_run_delivers_the_rest(tmp_path: Path) -> None:
    path, _ = written(tmp_path, 30)

    def interrupt(report: Report, _read_bytes: int) -> None:
        if report.done == 3:
            os.kill(os.getpid(), signal.SIGINT)

    async with served() as server:
        first = await deliver_file(path, Courier(server.url, "right", 20), PROJECT, 1, interrupt)
        assert first.interrupted
        assert first.exit_code == 130
        assert 3 <= first.created == len(server.stored) < 30
        second = await delivered(server, path)
    assert (second.created, second.already_there) == (30 - first.created, first.created)


async def test_gzipped_labelled_dialogues_become_calls(tmp_path: Path) -> None:
    dialogues: list[dict[str, Any]] = [
        {
            "id": f"d-{index}",
            "services": ["Dentists_1"],
            "intents": ["FindProvider", "BookAppointment"],
            "slots": {},
            "result": result,
            "turns": [{"speaker": "caller", "text": "I need a dentist.", "spans": []}],
        }
        for index, result in enumerate(["success", "failure", None])
    ]
    path = tmp_path / "dialogues.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, dialogues)).encode()))
    async with served() as server:
        report = await delivered(server, path)
        again = await delivered(server, path)
    assert (report.created, again.already_there) == (3, 3)
    for body in server.stored.values():
        check(body, NewCall, [new_call_rules])
    outcomes = {name: json.loads(body).get("outcome") for name, body in server.stored.items()}
    assert outcomes == {"d-0": "appointment_booked", "d-1": "not_completed", "d-2": None}


DIALOGUE: dict[str, Any] = {"id": "d", "intents": [], "turns": [{"speaker": "caller", "text": "Hello."}]}
TURN = {"speaker": "caller", "text": None}
ODD_DIALOGUES = [
    ({"intents": None}, "/intents"),
    ({"intents": 3}, "/intents"),
    ({"intents": [3]}, "/intents"),
    ({"id": None}, "/id"),
    ({"id": ["d"]}, "/id"),
    ({"id": True}, "/id"),
    ({"id": ""}, "/id"),
    ({"result": 7}, "/result"),
    ({"turns": None}, "/turns"),
    ({"turns": ["Hello."]}, "/turns"),
    ({"turns": [*DIALOGUE["turns"], TURN]}, "/turns/1/text"),
    ({"turns": [{"speaker": 1, "text": "Hello."}]}, "/turns/0/speaker"),
    ({"turns": [{"speaker": "caller", "text": "\ud83d"}]}, "/turns/0/text"),
    ({"id": "\ud83d"}, "/id"),
    ({"slots": {"a/b": ["\ude00"]}}, "/slots/a~1b/0"),
    ({"slots": {"\ude00": 1}}, "/slots"),
]


@pytest.mark.parametrize(("members", "field"), ODD_DIALOGUES)
async def test_an_odd_dialogue_is_refused_by_its_member_and_the_next_goes_in(
    tmp_path: Path, members: dict[str, Any], field: str
) -> None:
    path = tmp_path / "odd.jsonl"
    lines = ({**DIALOGUE, **members}, {**DIALOGUE, "id": 7, "result": None})
    path.write_text("\n".join(map(json.dumps, lines)), encoding="ascii")
    async with served() as server:
        report = await delivered(server, path)
    assert [(one.line, one.code, one.fields) for one in report.refused] == [
        (1, "validation_failed", (field,))
    ]
    assert (report.created, list(server.stored)) == (1, ["7"])


async def test_a_line_is_read_as_the_api_reads_a_body(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    lines = [
        b'\xef\xbb\xbf{"external_id":"first"}',  # as Windows saves a file
        b'{"external_id":"a","external_id":"b"}',
        b'{"external_id":"c","summary":NaN}',
        b'{"external_id":"d","summary":"\\ud83d"}',
        b'{"external_id":"e","summary":"\\ud83d\\ude00"}',
        b'{"external_id":"f","summary":"\xff"}',
        b'{"external_id":"g","project_id":null}',
    ]
    path.write_bytes(b"\n".join(lines))
    async with served() as server:
        report = await delivered(server, path)
    assert set(server.stored) == {"first", "e"}
    assert json.loads(server.stored["e"])["summary"] == "\N{GRINNING FACE}"
    assert [(one.line, one.code, one.fields) for one in report.refused] == [
        (2, "malformed_json", ()),
        (3, "malformed_json", ()),
        (4, "validation_failed", ("/summary",)),
        (6, "malformed_json", ()),
        (7, "validation_failed", ("/project_id",)),
    ]


async def test_a_line_that_breaks_the_program_is_refused_and_the_others_go_in(tmp_path: Path) -> None:
    path, calls = written(tmp_path, 4)
    async with served() as server:
        server.script[calls[1]["external_id"]] = [JSONResponse({"code": "x", "field_errors": 1}, 422)]
        report = await delivered(server, path)
    assert report.created == 3
    (refused,) = report.refused
    assert (refused.line, refused.external_id, refused.code) == (2, calls[1]["external_id"], "internal_error")
    assert "TypeError" in refused.message


async def test_a_file_that_was_cut_off_goes_in_as_far_as_it_reaches(tmp_path: Path) -> None:
    path, _ = written(tmp_path, 300)
    packed = gzip.compress(path.read_bytes(), mtime=0)
    cut, wrong = tmp_path / "cut.gz", tmp_path / "wrong.gz"
    cut.write_bytes(packed[: len(packed) // 2])
    wrong.write_bytes(packed[:-8] + bytes(8))  # another checksum than its content's
    async with served() as server:
        report = await delivered(server, cut)
        assert (report.exit_code, report.refused) == (1, [])
        assert 0 < report.created == len(server.stored) < 300
        assert "cut off or damaged" in str(report.stopped)
        report = await delivered(server, wrong)
        assert report.exit_code == 1
        assert 250 < report.done <= 300


def test_the_command_teaches_and_its_exit_codes_mean_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = Typer()
    app.command()(command)
    runner = CliRunner()
    assert "Exit codes" in runner.invoke(app, ["--help"]).output
    assert runner.invoke(app, [str(tmp_path / "missing.jsonl")]).exit_code == 2
    path, _ = written(tmp_path, 1)
    keyless = runner.invoke(app, [str(path)], env={"AIDIAL_API_KEY": ""})
    assert keyless.exit_code == 2
    bad = runner.invoke(app, [str(path), "--key", "clé"])
    assert (bad.exit_code, "clé" in bad.output) == (2, False)
    with nobody_listens() as url:
        monkeypatch.setattr(ingest, "LINE_EVERY_S", 0.0)
        told = runner.invoke(app, [str(path), "--api-url", url, "--key", "k\n"])
    assert told.exit_code == 69
    assert "0 calls, 100% of the file" in told.output
    assert "\x1b" not in told.output
