"""Where files are kept: a local folder, or anything that speaks S3, by its URL.

The one thing a newcomer would get wrong: whatever a store does wrong, callers meet one fault, 503
`storage_unavailable`, within a bounded time; and a file is written under a name that is used once, so nothing
is ever overwritten. What lies in the store is sealed (`sealed.py`); a store is not trusted to keep secrets.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from aidial_contract import errors
from aidial_contract.fault import Fault

if TYPE_CHECKING:
    from aidial_api.kernel.crypto import TenantKeys

FAILURES_IN_A_ROW: Final = 3
QUIET_S: Final = 3.0
"""How long a store that failed so often in a row is left alone."""
PART_BYTES: Final = 5 * 1024 * 1024
"""The smallest part S3 takes; one is in memory while the next is read."""
READ_BYTES: Final = 64 * 1024
"""What a store has its time for, again and again; unless told, the library collects ten megabytes first."""
FAIR_SHARE: Final = 0.25
"""A store that was given less of its time than this, by a caller in a hurry, did not fail."""
_PRIVATE: Final = 0o700
_S3_OPTIONS: Final = frozenset({"endpoint", "region"})
_log = structlog.get_logger("aidial_api")


class FileMissing(Exception):  # noqa: N818 - a word, like the others of this kernel
    """The store works and has no such file."""


@dataclass(frozen=True, slots=True)
class StoragePlace:
    """`url` is `file:///folder` or `s3://bucket/prefix?endpoint=https://host&region=name`.

    Without a key the AWS environment variables or the machine's own role count.
    """

    url: str
    key_id: str | None = None
    secret: str | None = None

    def __repr__(self) -> str:
        """Secrets stay out of tracebacks."""
        return "StoragePlace()"


class Storage:
    """One a process. `timeout_s` is the longest that the store may take to move on."""

    def __init__(self, place: StoragePlace, *, timeout_s: float) -> None:
        parts = urlsplit(place.url)
        self._folder = Path(unquote(parts.path)) if parts.scheme == "file" else None
        self._timeout_s = timeout_s
        self._store: LocalStore | S3Store | None = None if self._folder else _s3(place, timeout_s)
        self._failures = 0
        self._quiet_until = 0.0

    async def write(self, name: str, pieces: AsyncIterator[bytes]) -> None:
        """Keep what comes, whole and durably, or nothing; what `pieces` raises is raised."""
        with_fault: list[BaseException] = []
        async with self._asking() as clock:

            async def told() -> AsyncIterator[bytes]:
                try:
                    # Waiting for the sender is not waiting for the store.
                    self._wait(clock, watched=False)
                    async for piece in pieces:
                        self._wait(clock)
                        yield piece
                        self._wait(clock, watched=False)
                except Exception as error:
                    with_fault.append(error)
                    raise
                finally:
                    self._wait(clock)

            try:
                await obstore.put_async(
                    self._opened(), name, told(), chunk_size=PART_BYTES, max_concurrency=1
                )
            except Exception:
                if not with_fault:
                    raise
            if not with_fault and self._folder is not None:
                await asyncio.to_thread(_made_durable, self._folder, name)
        if with_fault:
            raise with_fault[0]

    async def read(
        self, name: str, start: int, end: int, *, deadline: float = float("inf")
    ) -> AsyncGenerator[bytes, None]:
        """The bytes from `start` to before `end`, as they come; the first before `deadline` (loop time).

        Raises `FileMissing`, or 503 `storage_unavailable` wherever it is.
        """
        async with self._asking(deadline) as clock:
            store = self._opened()  # a folder that cannot be made is a store that is away, no missing file
            try:
                got = await obstore.get_async(store, name, options={"range": (start, end)})
            except FileNotFoundError:
                raise FileMissing(name) from None
            async for piece in got.stream(READ_BYTES):
                self._wait(clock, watched=False)  # from here on the reader sets the pace
                yield bytes(piece)
                self._wait(clock)

    async def delete(self, name: str) -> None:
        """Take a file away, and what an interrupted write of it left; one that is not there is well."""
        async with self._asking():
            store = self._opened()
            with suppress(FileNotFoundError):
                await obstore.delete_async(store, name)
            if self._folder is not None:
                await asyncio.to_thread(_without_leftovers, self._folder, name)

    async def answers(self) -> bool:
        """Whether the store can be used, for health; the caller brings the time-out."""
        try:
            store = self._opened()
            if self._folder is not None:
                return os.access(self._folder, os.W_OK | os.X_OK)
            await obstore.list_with_delimiter_async(store, "health")
        except (BaseError, OSError):
            return False
        return True

    def _wait(self, clock: asyncio.Timeout, *, watched: bool = True) -> None:
        """Give the store its time from now on, or wait for somebody else."""
        with suppress(RuntimeError):  # its time is over already
            clock.reschedule(asyncio.get_running_loop().time() + self._timeout_s if watched else None)

    def _opened(self) -> LocalStore | S3Store:
        """The store; a folder is made when it is first needed, for its owner alone."""
        if self._folder is not None and (self._store is None or not self._folder.is_dir()):
            self._folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            self._store = LocalStore(self._folder)
        if self._store is None:
            raise RuntimeError("neither a folder nor a bucket")
        return self._store

    @asynccontextmanager
    async def _asking(self, deadline: float = float("inf")) -> AsyncIterator[asyncio.Timeout]:
        """Ask within time; every failure of the store is the one fault, and several leave it alone."""
        left_s = self._quiet_until - time.monotonic()
        if left_s > 0:
            raise _away("left alone after failures", retry_after_ms=int(left_s * 1_000) + 1)
        now = asyncio.get_running_loop().time()
        given_s = min(self._timeout_s, (deadline - now) * 0.8)
        try:
            async with asyncio.timeout(given_s) as clock:
                yield clock
        except (BaseError, OSError) as error:  # TimeoutError is an OSError
            if not isinstance(error, TimeoutError) or given_s >= FAIR_SHARE * self._timeout_s:
                self._failed(error)
            raise _away(type(error).__name__) from None
        else:
            self._failures = 0

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            self._quiet_until = time.monotonic() + QUIET_S
        _log.warning("storage.failed", error=type(error).__name__, in_a_row=self._failures)


@dataclass(frozen=True, slots=True)
class Files:
    """What a job needs that reads or deletes files: the store, and the tenants' keys."""

    storage: Storage
    keys: TenantKeys


def storage_url(raw: str) -> str:
    """`file:///folder` or `s3://bucket[/prefix][?endpoint=URL&region=NAME]`; for settings."""
    value = raw.strip()
    parts = urlsplit(value)
    options = dict(parse_qsl(parts.query))
    is_folder = parts.scheme == "file" and not parts.netloc and len(parts.path) > 1 and not parts.query
    endpoint = urlsplit(options.get("endpoint", "https://any"))
    is_bucket = (
        parts.scheme == "s3"
        and bool(parts.netloc)
        and "@" not in parts.netloc
        and options.keys() <= _S3_OPTIONS
        and endpoint.scheme in {"http", "https"}
        and bool(endpoint.hostname)
        and "@" not in endpoint.netloc
    )
    if not value.isprintable() or parts.fragment or not (is_folder or is_bucket):
        raise ValueError("must be file:///folder or s3://bucket/prefix?endpoint=URL&region=NAME")
    return value


def _s3(place: StoragePlace, timeout_s: float) -> S3Store:
    parts = urlsplit(place.url)
    options = dict(parse_qsl(parts.query))
    endpoint = options.get("endpoint")
    told = {"access_key_id": place.key_id, "secret_access_key": place.secret, "endpoint": endpoint}
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        region=options.get("region", "us-east-1"),
        # An hour for a whole transfer: a slow reader takes as long as they take, we watch each step.
        client_options={
            "allow_http": (endpoint or "").startswith("http:"),
            "connect_timeout": timedelta(seconds=timeout_s / 2),
            "timeout": timedelta(hours=1),
        },
        retry_config={"max_retries": 1, "retry_timeout": timedelta(seconds=timeout_s)},
        **{name: value for name, value in told.items() if value is not None},  # type: ignore[arg-type] # a TypedDict from pairs
    )


def _away(reason: str, *, retry_after_ms: int = 1_000) -> Fault:
    return Fault(errors.STORAGE_UNAVAILABLE, retry_after_ms=retry_after_ms, reason=f"storage: {reason}")


def _made_durable(folder: Path, name: str) -> None:
    """Have the disk hold a file and every folder on the way to it."""
    path = folder / name
    while True:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if path == folder:
            return
        path = path.parent


def _without_leftovers(folder: Path, name: str) -> None:
    path = folder / name
    for part in path.parent.glob(f"{path.name}#*"):
        part.unlink(missing_ok=True)
