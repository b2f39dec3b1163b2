"""Addresses that keep the page's state. Nothing here decides what state a page may have."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping


def with_query(path: str, query: Mapping[str, str], **changes: str | None) -> str:
    """`path` with `query` and the changes; None or an empty value removes a parameter.

    `with_query("/calls", {"status": "missed", "cursor": "x"}, cursor=None)` gives `/calls?status=missed`.
    A name that is a Python keyword takes a trailing underscore (`from_="2026-11-01"`).
    """
    merged = dict(query) | {name.rstrip("_"): value or "" for name, value in changes.items()}
    kept = {name: value for name, value in merged.items() if value}
    return f"{path}?{urlencode(kept)}" if kept else path
