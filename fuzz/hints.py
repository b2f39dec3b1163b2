"""What is known to be good for a row: ids, a query, a body, and members to mix with what is drawn.

The one thing a newcomer would get wrong: a hint takes nothing away. In the hinted document a member of a body
or a parameter of a query is either a known value or anything the description allows, so it means what it
meant, and what is drawn from it gets past the first check now and then.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.matrix.records import version_of
from tests.matrix.requests import chosen, good_body, good_target, record_name
from tests.people import HARBOUR
from tests.support.api import World
from tests.support.askers import SignedIn

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


async def good_of(world: World, row: Route, asker: SignedIn) -> Good:
    """What the matrix of routes sends for a row."""
    target = await good_target(world, row, asker)
    takes_client = any(param.name == "client_id" for param in row.query)
    return Good(
        dict(target.path),
        ({"client_id": HARBOUR} if takes_client else {}) | chosen(row),
        {"If-Match": "*"} if row.precondition is Precondition.IF_MATCH else {},
        await _body(world, row, asker, target.path),
    )


async def _body(world: World, row: Route, asker: SignedIn, path: dict[str, str]) -> Any:
    body, name = good_body(world, row, asker), record_name(row)
    if row.precondition is Precondition.EXPECTED_VERSION:
        version = await version_of(world, name, path[name], row.name) if name else 1
        return {**body, "expected_version": version}
    return body


def hinted(document: Document, rows: Iterable[Route], known: Mapping[str, Good]) -> Document:
    """A copy of the document in which members of bodies and parameters of queries may be the good ones."""
    document = copy.deepcopy(document)
    for row in rows:
        good = known[row.name]
        for param in document["paths"][row.path][row.method.lower()].get("parameters", ()):
            if param["in"] == "query" and param["name"] in good.query:
                param["schema"] = _or_known(param["schema"], good.query[param["name"]])
        if isinstance(good.body, dict) and row.body is not None:
            _hint(document["components"]["schemas"][row.body.__name__], good.body)
    return document


def _hint(shape: dict[str, Any], body: dict[str, Any]) -> None:
    for name, value in body.items():
        if name in shape["properties"] and name not in _NEVER_KNOWN:
            shape["properties"][name] = _or_known(shape["properties"][name], value)


def _or_known(schema: dict[str, Any], value: Any) -> dict[str, Any]:
    return {"anyOf": [{"enum": [value]}, schema]}
