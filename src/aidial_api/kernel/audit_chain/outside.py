"""Where checkpoints are kept: a folder, or a bucket of anything that speaks S3.

One file a chain and day, `<chain>/<YYYY-MM-DD>.json`, which holds the day's last checkpoint. The one thing a
newcomer would get wrong: this must not be a place that the database's administrators can write to, or it
proves nothing; a bucket with versions (object lock) keeps even what is written over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from aidial_api.kernel.audit_chain.checkpoints import Checkpoint

TIMEOUT: Final = timedelta(seconds=5)
_SUFFIX: Final = ".json"
_MOST_BYTES: Final = 4_096
_OPTIONS: Final = frozenset({"endpoint", "region"})


class OutsideUnavailable(Exception):  # noqa: N818 - a word, like the others of this kernel
    """The place does not answer, or may not be used; the message says what it said."""


class Outside:
    """The checkpoints of every chain. `place` is as `place_of_checkpoints` takes it."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._store: LocalStore | S3Store | None = None

    async def write(self, checkpoint: Checkpoint) -> None:
        """Keep it, instead of an earlier one of the same chain and day."""
        name = f"{checkpoint.chain}/{checkpoint.made_at.date().isoformat()}{_SUFFIX}"
        with _asking():
            await obstore.put_async(self._opened(make=True), name, checkpoint.encoded())

    async def newest(self, chain: str) -> Checkpoint | None:
        """The last that was written; None: there is none that can be read."""
        names = await self.names(chain)
        return await self.read(names[-1]) if names else None

    async def names(self, chain: str) -> list[str]:
        """A chain's files, oldest first."""
        if not self._is_there():
            return []
        with _asking():
            found = await obstore.list_with_delimiter_async(self._opened(), f"{chain}/")
        return sorted(one["path"] for one in found["objects"] if one["path"].endswith(_SUFFIX))

    async def read(self, name: str) -> Checkpoint | None:
        """A file; None: it is no checkpoint."""
        with _asking():
            got = await obstore.get_async(self._opened(), name)
            if got.meta["size"] > _MOST_BYTES:
                return None
            content = bytes(await got.bytes_async())
        try:
            return msgspec.json.decode(content, type=Checkpoint)
        except msgspec.DecodeError:
            return None

    async def read_all(self, chain: str) -> list[tuple[str, Checkpoint | None]]:
        """A chain's files by name, oldest first."""
        return [(name, await self.read(name)) for name in await self.names(chain)]

    async def chains(self) -> list[str]:
        """Every chain that was ever written of."""
        if not self._is_there():
            return []
        with _asking():
            found = await obstore.list_with_delimiter_async(self._opened())
        return sorted(prefix.rstrip("/") for prefix in found["common_prefixes"])

    def _is_there(self) -> bool:
        """Whether the folder was made yet; a bucket always is."""
        return not self._place.startswith("file:") or _folder(self._place).is_dir()

    def _opened(self, *, make: bool = False) -> LocalStore | S3Store:
        if self._place.startswith("file:") and make:
            _folder(self._place).mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._store is None:
            local = self._place.startswith("file:")
            self._store = LocalStore(_folder(self._place)) if local else _bucket(self._place)
        return self._store


@contextmanager
def _asking() -> Iterator[None]:
    try:
        yield
    except (BaseError, OSError) as gone:
        first = (str(gone).splitlines() or [""])[0][:200]
        raise OutsideUnavailable(f"{type(gone).__name__}: {first}") from None


def place_of_checkpoints(raw: str) -> str:
    """A folder by path or URL, or `s3://bucket/prefix?endpoint=URL&region=NAME`; for settings."""
    value = raw.strip()
    if value.startswith("/"):
        value = Path(value).as_uri()
    parts = urlsplit(value)
    options = dict(parse_qsl(parts.query))
    is_folder = parts.scheme == "file" and not parts.netloc and len(parts.path) > 1 and not parts.query
    is_bucket = (
        parts.scheme == "s3" and bool(parts.netloc) and "@" not in value and options.keys() <= _OPTIONS
    )
    if not value.isprintable() or parts.fragment or not (is_folder or is_bucket):
        raise ValueError("must be a folder or s3://bucket/prefix?endpoint=URL&region=NAME")
    return value


def _folder(place: str) -> Path:
    return Path(unquote(urlsplit(place).path))


def _bucket(place: str) -> S3Store:
    """Its key is what AWS's own variables, or the machine's role, say."""
    parts = urlsplit(place)
    options = dict(parse_qsl(parts.query))
    endpoint = options.get("endpoint")
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        endpoint=endpoint,
        region=options.get("region", "us-east-1"),
        client_options={"allow_http": (endpoint or "").startswith("http:"), "timeout": TIMEOUT},
        retry_config={"max_retries": 1, "retry_timeout": TIMEOUT},
    )
