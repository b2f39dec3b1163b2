"""Finds the row of a request: a dictionary for fixed paths, one compiled expression for the others.

The one thing a newcomer would get wrong: paths are matched as they were sent. No row has a per cent sign,
so an encoded slash or dot can never mean another route than the one that was authorised.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aidial_portal.kernel.route import Route

T = TypeVar("T")
_PLACE = re.compile(r"\{([a-z_]+)\*?\}")
_VALUE = r"[A-Za-z0-9._~-]{1,128}"
_TAIL = r"[A-Za-z0-9._~/-]{1,256}"


@dataclass(frozen=True, slots=True)
class Match:
    """The row, the values of its braces, and whether the path exists for any method at all."""

    route: Route | None
    values: Mapping[str, str]
    mapped: bool


_NOTHING = Match(None, {}, mapped=False)


class Matcher:
    """Built once from every row; two rows for one method and path are refused."""

    def __init__(self, rows: Iterable[Route]) -> None:
        self.rows = tuple(rows)
        self._fixed: dict[str, dict[str, Match]] = {}
        self._templates: list[tuple[tuple[str, ...], dict[str, Route]]] = []
        templated: dict[str, dict[str, Route]] = {}
        for row in self.rows:
            if "{" in row.path:
                self._add(templated.setdefault(row.path, {}), row.method, row, row)
            else:
                self._add(self._fixed.setdefault(row.path, {}), row.method, Match(row, {}, mapped=True), row)
        self._expression = self._compile(templated)

    @staticmethod
    def _add(table: dict[str, T], method: str, value: T, row: Route) -> None:
        if method in table:
            raise ValueError(f"{method} {row.path} is declared twice")
        table[method] = value

    def _compile(self, templated: dict[str, dict[str, Route]]) -> re.Pattern[str]:
        parts = []
        for index, (path, methods) in enumerate(sorted(templated.items(), key=_fixed_words_first)):
            names = tuple(_PLACE.findall(path))
            self._templates.append((names, methods))
            pattern = "".join(
                _group(piece) if _PLACE.fullmatch(piece) else re.escape(piece)
                for piece in re.split(r"(\{[a-z_]+\*?\})", path)
            )
            parts.append(f"(?P<t{index}>{pattern})")
        return re.compile("|".join(parts) if parts else r"(?!)")

    def match(self, method: str, raw_path: str) -> Match:
        """The row of a request; HEAD is answered by GET's row."""
        wanted = "GET" if method == "HEAD" else method
        fixed = self._fixed.get(raw_path)
        if fixed is not None:
            return fixed.get(wanted) or Match(None, {}, mapped=True)
        found = self._expression.fullmatch(raw_path)
        if found is None or found.lastgroup is None:
            return _NOTHING
        index = int(found.lastgroup[1:])
        names, methods = self._templates[index]
        start = found.re.groupindex[found.lastgroup]
        values = {name: found.group(start + place) for place, name in enumerate(names, start=1)}
        return Match(methods.get(wanted), values, mapped=True)


def _group(place: str) -> str:
    """`{name}` is one segment, `{name*}` the rest of the path."""
    return f"({_TAIL if place.endswith('*}') else _VALUE})"


def _fixed_words_first(item: tuple[str, object]) -> tuple[str, ...]:
    """Put `/a/fixed` before `/a/{id}`: a brace sorts after every letter of a path."""
    return tuple(item[0].split("/"))
