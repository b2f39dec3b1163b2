"""What is known to be good for a row: ids, a body, and members of bodies to mix with what is drawn.

The one thing a newcomer would get wrong: a hint takes nothing away. In the hinted document a member of a body
is either a known value or anything the description allows, so it means what it meant, and what is drawn from
it gets past the first check now and then.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.matrix.requests import good_body, good_target
from tests.people import HARBOUR
from tests.support.api import World
from tests.support.askers import Asker

from aidial_api.kernel.route import Precondition, Route

Document = dict[str, Any]
_NEVER_KNOWN = frozenset({"id_token", "logout_token"})


@dataclass(frozen=True, slots=True)
class Good:
    """The parts of a row's good request; `body` is None when it takes none."""

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


async def good_of(world: World, row: Route, asker: Asker) -> Good:
    """What the matrix of routes sends for a row."""
    target = await good_target(world, row, asker)
    takes_client = any(param.name == "client_id" for param in row.query)
    return Good(
        target.path,
        {"client_id": HARBOUR} if takes_client else {},
        {"If-Match": "*"} if row.precondition is Precondition.IF_MATCH else {},
        good_body(world, row, asker),
    )


def hinted(document: Document, rows: Iterable[Route], known: Mapping[str, Good]) -> Document:
    """A copy of the document in which members of bodies may be the good ones."""
    document = copy.deepcopy(document)
    for row in rows:
        body = known[row.name].body
        if isinstance(body, dict) and row.body is not None:
            _hint(document["components"]["schemas"][row.body.__name__], {**_version(row), **body})
    return document


def _version(row: Route) -> dict[str, int]:
    fields = () if row.body is None else row.body.__struct_fields__
    return {"expected_version": 1} if "expected_version" in fields else {}


def _hint(shape: dict[str, Any], body: dict[str, Any]) -> None:
    for name, value in body.items():
        if name in shape["properties"] and name not in _NEVER_KNOWN:
            shape["properties"][name] = {"anyOf": [{"enum": [value]}, shape["properties"][name]]}
