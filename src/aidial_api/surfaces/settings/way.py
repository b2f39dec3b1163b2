"""What is a section's own beside its row in the contract, as a type.

The one thing a newcomer would get wrong: most sections need only `default` and `settled`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask


async def _nothing_more(_: Ask, __: Any) -> None:
    """A save that changes nothing but the section."""


async def _as_json(_: Ask, value: Any) -> str:
    return msgspec.json.encode(value).decode()


async def _of_json(_: Ask, text: str, shape: Any) -> Any:
    return msgspec.json.decode(text, type=shape)


async def _nothing_beside(_: Ask, __: Any) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """`default` of the tenant's or project's row, `settled` of what was sent and the former value.

    `applied` runs in the same transaction. `kept` makes the JSON that is stored and `read` the value of it
    again: they seal and open what must not lie there in clear. `more` are members of the document beside
    `working`, such as what there is to choose from. `masked` makes what a summary shows of a value, where
    emptying its restricted members would not do: they are masked instead. `emptied` makes what a document of
    mode `history` shows. `in_history` makes what even those who edit are shown of a value that was saved
    once.
    """

    default: Callable[[asyncpg.Record], Any]
    settled: Callable[[Ask, Any, Any], Any]
    applied: Callable[[Ask, Any], Awaitable[None]] = _nothing_more
    kept: Callable[[Ask, Any], Awaitable[str]] = _as_json
    read: Callable[[Ask, str, Any], Awaitable[Any]] = _of_json
    more: Callable[[Ask, Any], Awaitable[dict[str, Any]]] = _nothing_beside
    masked: Callable[[Any], Any] | None = None
    in_history: Callable[[Any], Any] | None = None
    emptied: Callable[[Any], Any] | None = None
