"""The portal's own files, held in memory and addressed by their content.

Every address carries one version made from all the files, so that an answer may be cached for ever and the
relative imports of the ES modules stay on the same version. The style sheet is the files of `static/css` in
name order: one request, small sources. `words/<tag>.json` is what the modules say in a language but English.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec

from aidial_portal.words import all_locales

if TYPE_CHECKING:
    from collections.abc import Mapping

STATIC: Final = Path(__file__).resolve().parent.parent / "static"
CACHE_CONTROL: Final = "public, max-age=31536000, immutable"
STYLESHEET: Final = "css/app.css"
_json = msgspec.json.Encoder(order="sorted")
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file to send. `gzipped` is None where compressing does not help (fonts)."""

    body: bytes
    gzipped: bytes | None
    media_type: str


def _asset(body: bytes, suffix: str) -> Asset:
    # mtime 0: the same file gives the same bytes in every process.
    gzipped = None if suffix == ".woff2" else gzip.compress(body, 9, mtime=0)
    return Asset(body, gzipped, _MEDIA_TYPES[suffix])


@cache
def all_assets() -> Mapping[str, Asset]:
    """Give every file by its path below `/static/<version>/`, read once. Unknown kinds are left out."""
    found = {
        path.relative_to(STATIC).as_posix(): _asset(path.read_bytes(), path.suffix)
        for path in sorted(STATIC.rglob("*"))
        if path.is_file() and path.suffix in _MEDIA_TYPES and path.suffix != ".css"
    }
    sheet = b"\n".join(path.read_bytes() for path in sorted((STATIC / "css").glob("*.css")))
    found[STYLESHEET] = _asset(sheet, ".css")
    for tag, locale in all_locales().items():
        if locale.words.scripts:
            found[f"words/{tag}.json"] = _asset(_json.encode(locale.words.scripts), ".json")
    return MappingProxyType(found)


@cache
def version() -> str:
    """Give the first 12 hexadecimal digits of a hash over all files."""
    digest = hashlib.sha256()
    for path, asset in sorted(all_assets().items()):
        digest.update(path.encode() + b"\0" + hashlib.sha256(asset.body).digest())
    return digest.hexdigest()[:12]


def find(version_in_path: str, path: str) -> Asset | None:
    """Find the file for `/static/<version>/<path>`; None when there is none or the version is another's."""
    return all_assets().get(path) if version_in_path == version() else None


def asset_url(path: str) -> str:
    """Give the address of a file below `static/`. Raises KeyError for one that does not exist."""
    if path not in all_assets():
        raise KeyError(path)
    return f"/static/{version()}/{path}"
