"""The file of an account export, made piece by piece: canonical JSON with its manifest last.

The one thing a newcomer would get wrong: "categories" sorts before "manifest", and that is why the checksum
of the whole can stand in a file that is never in memory as a whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from aidial_api.surfaces.account_exports.sources import FORMAT, Begin, Question, Source
from aidial_contract.shapes.account_exports import MOST_EXPORT_BYTES, CategoryManifest, ExportManifest

if TYPE_CHECKING:
    from aidial_api.kernel.transaction import Tx


class TooLarge(Exception):  # noqa: N818 - a word, like the others of the kernel
    """More than a file may hold."""


def canonical(value: Any) -> bytes:
    """Keys sorted, no spaces, UTF-8."""
    return msgspec.json.encode(value, order="sorted")


@dataclass(slots=True)
class ExportFile:
    """One file on its way: `pieces` makes it, then `manifest` and `size` are known.

    `note` is told of every part, in the transaction it was read in: how many categories are done, and how
    many records it has.
    """

    client_id: str
    job_id: str
    kept: timedelta
    project_ids: Sequence[str]
    sources: Sequence[tuple[Source, str]]
    begin: Begin
    clock: Callable[[], datetime]
    note: Callable[[int, Tx, int], Awaitable[None]]
    size: int = 0
    manifest: ExportManifest | None = None
    _digest: Any = field(default_factory=hashlib.sha256)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The whole file. Raises `TooLarge`, and whatever `note` raises to stop it."""
        parts: list[CategoryManifest] = []
        yield self._counted(b'{"categories":{')
        for source, policy in sorted(self.sources, key=lambda one: one[0].category):
            yield self._counted(b',"' if parts else b'"')
            yield self._counted(f'{source.category}":'.encode())
            read_at, rows, digest = self.clock(), 0, hashlib.sha256(b"[")
            yield self._counted(b"[")
            question = Question(self.client_id, self.project_ids, read_at)
            noting = partial(self.note, len(parts))
            async with aclosing(source.parts(self.begin, question, noting)) as read:
                async for records in read:
                    written = b",".join(map(canonical, records))
                    if rows and records:
                        written = b"," + written
                    rows += len(records)
                    digest.update(written)
                    if written:
                        yield self._counted(written)
            digest.update(b"]")
            yield self._counted(b"]")
            parts.append(
                CategoryManifest(
                    category=source.category,
                    read_at=read_at,
                    rows=rows,
                    policy_digest=policy,
                    sha256=digest.hexdigest(),
                )
            )
        yield self._counted(b'},"manifest":')
        yield self._ended(parts)

    def _counted(self, piece: bytes) -> bytes:
        self.size += len(piece)
        if self.size > MOST_EXPORT_BYTES:
            raise TooLarge
        self._digest.update(piece)
        return piece

    def _ended(self, parts: list[CategoryManifest]) -> bytes:
        now = self.clock()
        blank = ExportManifest(
            format=FORMAT,
            client_id=self.client_id,
            job_id=self.job_id,
            categories=parts,
            generated_at=now,
            expires_at=now + self.kept,
            checksum="",
        )
        self._digest.update(canonical(blank) + b"}")
        self.manifest = msgspec.structs.replace(blank, checksum=self._digest.hexdigest())
        last = canonical(self.manifest) + b"}"
        self.size += len(last)
        return last
