"""`aidial ingest FILE`: deliver a file of calls to the API, safely repeatable.

Running it twice is harmless: what is already there answers 200 and is counted, not doubled. Ctrl-C lets
the requests
under way finish, so that no line is left in doubt.
"""

import asyncio
import gzip
import io
import signal
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from aidial.delivery import Answer, Courier, StoppedError, UnreachableError
from aidial.dialogues import MAX_LINE_BYTES, LineRefusedError, numbered, parcel

GZIP_MAGIC = b"\x1f\x8b"
EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_UNREACHABLE = 69  # EX_UNAVAILABLE of sysexits.h
EXIT_INTERRUPTED = 130
SHOWN_REFUSALS = 50
LINE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that is not in: its number in the file, the error's code and text, and the fields at fault."""

    line: int
    external_id: str
    code: str
    message: str
    fields: tuple[str, ...] = ()


@dataclass(slots=True)
class Report:
    """What became of a file. Lines after a stop were never sent; running again continues there."""

    created: int = 0
    already_there: int = 0
    refused: list[Refusal] = field(default_factory=list)
    stopped: str | None = None
    unreachable: bool = False
    interrupted: bool = False

    @property
    def done(self) -> int:
        """How many lines have their answer."""
        return self.created + self.already_there + len(self.refused)

    @property
    def exit_code(self) -> int:
        """0 all in, 1 some refused, 69 API unreachable, 130 interrupted."""
        if self.unreachable:
            return EXIT_UNREACHABLE
        if self.interrupted:
            return EXIT_INTERRUPTED
        return EXIT_REFUSED if self.refused or self.stopped else 0


OnProgress = Callable[[Report, int], None]


def ingest_file(
    path: Path,
    api_url: str,
    key: str,
    project_id: str | None,
    *,
    concurrency: int = 4,
    on_progress: OnProgress | None = None,
    line_timeout_seconds: float = 300,
) -> Report:
    """Deliver every call of a file (JSON lines, gzipped or not) and say what became of each.

    `on_progress` gets the report so far and the bytes of the file read. Raises OSError when the file
    cannot be read
    and ValueError for an `api_url` that is not http(s); everything the API does is in the report.
    """
    if not api_url.startswith(("http://", "https://")):
        raise ValueError("the API's URL must start with http:// or https://")
    courier = Courier(api_url.rstrip("/"), key, line_timeout_seconds)
    return asyncio.run(
        deliver_file(
            path,
            courier,
            project_id,
            concurrency,
            on_progress,
        )
    )


async def deliver_file(
    path: Path,
    courier: Courier,
    project_id: str | None,
    concurrency: int,
    on_progress: OnProgress | None,
) -> Report:
    """Do `ingest_file` inside a running event loop."""
    report, stop = Report(), asyncio.Event()
    with path.open("rb") as file, _stops_on_ctrl_c(report, stop):
        lines = numbered(_lines(file))

        async def work() -> None:
            for number, raw in _until_damaged(lines, report):
                await _one(courier, report, number, raw, project_id, stop)
                if on_progress:
                    on_progress(report, file.tell())
                if stop.is_set():
                    return

        async with courier, asyncio.TaskGroup() as workers:
            for _ in range(max(1, concurrency)):
                workers.create_task(work())
    report.refused.sort(key=lambda refusal: refusal.line)
    return report


async def _one(
    courier: Courier, report: Report, number: int, raw: bytes, project_id: str | None, stop: asyncio.Event
) -> None:
    external_id = ""
    try:
        sent = parcel(number, raw, project_id)
        external_id = sent.external_id
        answer = await courier.deliver(sent, stop)
        # A dialogue's times are our own and move on with the calendar: other content under its id is
        # still that call.
        if answer.created:
            report.created += 1
        elif answer.already_there or (sent.invented_times and answer.code == "already_exists"):
            report.already_there += 1
        else:
            report.refused.append(_refusal(number, external_id, answer))
            if answer.hopeless:
                report.stopped = f"{answer.code}: {answer.message}"
                stop.set()
    except LineRefusedError as refused:
        report.refused.append(Refusal(number, external_id, refused.code, refused.message, refused.fields))
    except UnreachableError as problem:
        report.unreachable, report.stopped = True, str(problem)
        stop.set()
    except StoppedError:
        return
    except Exception as error:  # noqa: BLE001 - one line must not take the others and the report with it
        reason = f"aidial ingest itself failed at this line ({type(error).__name__})."
        report.refused.append(Refusal(number, external_id, "internal_error", reason))


def _refusal(number: int, external_id: str, answer: Answer) -> Refusal:
    return Refusal(number, external_id, answer.code, answer.message, answer.fields)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    packed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    file.seek(0)
    stream = io.BufferedReader(gzip.GzipFile(fileobj=file)) if packed else file
    # readline with a cap: one endless line must not fill the memory.
    while line := stream.readline(MAX_LINE_BYTES + 2):
        yield line
        while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
            line = stream.readline(MAX_LINE_BYTES)
            if not line:
                return


def _until_damaged(lines: Iterator[tuple[int, bytes]], report: Report) -> Iterator[tuple[int, bytes]]:
    """The lines as long as the file can be unpacked. What came before its damage is delivered."""
    try:
        yield from lines
    except (EOFError, gzip.BadGzipFile, zlib.error):
        report.stopped = (
            "the file is cut off or damaged, and no more of it can be unpacked. What was read of it is"
            " delivered; fetch it anew and run the same command again"
        )


@contextmanager
def _stops_on_ctrl_c(report: Report, stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        report.interrupted = True
        stop.set()

    try:
        loop.add_signal_handler(signal.SIGINT, interrupt)
    except (NotImplementedError, RuntimeError, ValueError):  # not the main thread, or no signals here
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def command(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="JSON lines, .gz or not.")
    ],
    api_url: Annotated[
        str, typer.Option("--api-url", envvar="AIDIAL_API_URL", help="Where the API answers.")
    ] = "http://127.0.0.1:8000",
    key: Annotated[
        str,
        typer.Option(
            "--key",
            envvar="AIDIAL_API_KEY",
            show_envvar=True,
            help="An API key with scope manage.",
            prompt=False,
        ),
    ] = "",
    project: Annotated[
        str | None, typer.Option("--project", help="Project for lines that name none (dialogues never do).")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Requests under way at once.")] = 4,
) -> None:
    """Deliver a file of calls to the API.

    Each line is either a body of POST /v1/calls or a labelled dialogue (id, intents, result, turns). Run
    it again
    whenever you like: calls that are already there are counted and left alone.

    Exit codes: 0 all in; 1 some lines were refused, or the file is damaged; 2 wrong usage; 69 the API could
    not be reached; 130 interrupted.

    Prefer AIDIAL_API_KEY to --key: a command line can be read by everyone on the machine.
    """
    say = Console(stderr=True, soft_wrap=True)
    key = key.strip()  # a key read from a file ends with its line
    if not key.isascii() or not key.isprintable():
        say.print("The API key holds characters that no key has.")
        raise typer.Exit(EXIT_USAGE)
    if not key:
        say.print("Give an API key: set AIDIAL_API_KEY, or use --key.")
        raise typer.Exit(EXIT_USAGE)
    if not api_url.startswith(("http://", "https://")):
        say.print("--api-url must start with http:// or https://")
        raise typer.Exit(EXIT_USAGE)
    with _bar(say, file.stat().st_size) as on_progress:
        report = ingest_file(file, api_url, key, project, concurrency=concurrency, on_progress=on_progress)
    _tell(Console(file=sys.stdout, soft_wrap=True), report)
    raise typer.Exit(report.exit_code)


def _bar(say: Console, size_bytes: int) -> AbstractContextManager[OnProgress]:
    return _moving_bar(say, size_bytes) if say.is_terminal else nullcontext(_lines_bar(say, size_bytes))


def _lines_bar(say: Console, size_bytes: int) -> OnProgress:
    """Where nobody sees a bar move: a line every few seconds."""
    next_at = time.monotonic() + LINE_EVERY_S

    def move(report: Report, read_bytes: int) -> None:
        nonlocal next_at
        if time.monotonic() >= next_at:
            next_at = time.monotonic() + LINE_EVERY_S
            share = min(1.0, read_bytes / max(1, size_bytes))
            say.print(f"{report.done:,} calls, {share:.0%} of the file", highlight=False)

    return move


@contextmanager
def _moving_bar(say: Console, size_bytes: int) -> Iterator[OnProgress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=say, transient=True) as progress:
        task = progress.add_task("Delivering", total=size_bytes)

        def move(report: Report, read_bytes: int) -> None:
            progress.update(task, completed=read_bytes, description=f"{report.done:,} calls")

        yield move


def _tell(out: Console, report: Report) -> None:
    for refusal in report.refused[:SHOWN_REFUSALS]:
        fields = f" ({', '.join(refusal.fields)})" if refusal.fields else ""
        who = f" {refusal.external_id}" if refusal.external_id else ""
        out.print(
            f"line {refusal.line}{who}: {refusal.code}{fields}: {refusal.message}",
            markup=False,
            highlight=False,
        )
    if len(report.refused) > SHOWN_REFUSALS:
        out.print(f"... and {len(report.refused) - SHOWN_REFUSALS:,} more refused lines")
    counts = f"{report.created:,} delivered, {report.already_there:,} already there"
    out.print(f"{counts}, {len(report.refused):,} refused.", highlight=False)
    if report.interrupted:
        out.print("Interrupted. Run the same command again to deliver the rest.")
    elif report.stopped:
        out.print(f"Stopped: {report.stopped}", markup=False, highlight=False)
