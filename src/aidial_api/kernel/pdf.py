"""PDFs of documents: typeset in a process of its own, which is killed when it takes too long.

The one thing a newcomer would get wrong: a thread cannot be stopped, and what is typeset was said by
strangers. So each PDF is a process without our environment, a few at a time.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from aidial_contract import errors
from aidial_contract.fault import Fault

AT_ONCE: Final = 2
SECONDS: Final = 8.0
"""How long one may take once it has a place; a document that needs more is too large for the format."""
_MAKER: Final = Path(__file__).with_name("pdf_maker.py")
_log = structlog.get_logger("aidial_api")


class PdfTooLargeError(Exception):
    """The document cannot be typeset within the time or memory there is."""


class PdfMakers:
    """Typesets documents, `at_once` at a time; one a process."""

    def __init__(self, *, at_once: int = AT_ONCE, seconds: float = SECONDS) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._seconds = seconds

    async def make(
        self, document: bytes, deadline: float = float("inf"), *, template: Path | None = None
    ) -> bytes:
        """The PDF of a document before `deadline` (loop time).

        `document` is JSON that the template reads: a file of ours, or that of transcripts in `pdf_maker.py`.
        Raises `PdfTooLargeError` for one that had all its time; 503 `dependency_timeout` when nobody was free
        to begin in time, or the deadline came first: that says nothing about the document.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + self._seconds)):
                await self._places.acquire()
        except TimeoutError:
            raise Fault(errors.DEPENDENCY_TIMEOUT, reason="every PDF maker is busy") from None
        end = loop.time() + self._seconds
        try:
            return await self._made(document, min(deadline, end), template)
        except TimeoutError:
            if deadline < end:
                raise Fault(errors.DEPENDENCY_TIMEOUT, reason="no time was left for a PDF") from None
            raise PdfTooLargeError from None
        finally:
            self._places.release()

    async def _made(self, document: bytes, end: float, template: Path | None) -> bytes:
        """The PDF of a process that is killed at `end`; TimeoutError then."""
        maker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(_MAKER),
            *(() if template is None else (str(template),)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={},
        )
        try:
            async with asyncio.timeout_at(end):
                made, said = await maker.communicate(document)
        finally:
            if maker.returncode is None:
                with suppress(ProcessLookupError):
                    maker.kill()
                await asyncio.shield(maker.wait())
        if maker.returncode != 0 or not made.startswith(b"%PDF-"):
            # Its last words may quote the document, so only how it ended is kept.
            _log.warning("pdf.failed", returncode=maker.returncode, said_bytes=len(said))
            raise PdfTooLargeError
        return made
