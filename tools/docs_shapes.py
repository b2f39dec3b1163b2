"""The shapes part of `docs/api.md`: every body of `/v1`, member by member.

The one thing a newcomer would get wrong: the words come from the JSON Schema of OpenAPI, so a limit stated
here is the limit that is checked.
"""

from __future__ import annotations

from typing import Any

import msgspec
from docs_text import code, table

from aidial_api.kernel.route import Route

_LIMITS = {
    "minLength": "at least {}",
    "maxLength": "at most {} characters",
    "minimum": "at least {}",
    "maximum": "at most {}",
    "maxItems": "at most {} items",
    "pattern": "matching `{}`",
}


def shapes(rows: tuple[Route, ...]) -> str:
    """A section a shape, sorted by name."""
    types = {row.body for row in rows if row.body is not None}
    types |= {shape for row in rows for shape in row.answers.values() if shape is not None}
    ordered = sorted(types, key=lambda one: str(one.__name__))
    _, components = msgspec.json.schema_components(ordered, ref_template="{name}")
    parts = [_shape(name, schema) for name, schema in sorted(components.items())]
    return "\n\n".join(parts)


def _shape(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    rows = (
        (code(member), _kind(info), "yes" if member in required else "no")
        for member, info in schema.get("properties", {}).items()
    )
    about = " ".join(str(schema.get("description", "")).split())
    return f"### {name}\n\n{about}\n\n" + table(("Member", "Kind", "Required"), rows)


def _kind(info: dict[str, Any]) -> str:
    if "$ref" in info:
        name = info["$ref"]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in info:
        kinds = dict.fromkeys(_kind(one) for one in info["anyOf"])
        return " or ".join(kind for kind in kinds if kind != "any")
    if "enum" in info:
        return "one of " + ", ".join(map(code, info["enum"]))
    if info.get("type") == "array":
        return _limited("list of " + _kind(info.get("items", {})), info)
    if info.get("type") == "object" and isinstance(info.get("additionalProperties"), dict):
        return "object of " + _kind(info["additionalProperties"])
    known = {"date-time": "time, RFC 3339 with offset"}
    word = info.get("description") or known.get(info.get("format", ""), info.get("type", "any"))
    return _limited(str(word), info)


def _limited(word: str, info: dict[str, Any]) -> str:
    shown = {key: value for key, value in info.items() if key in _LIMITS}
    pattern = str(shown.get("pattern", ""))
    if "description" in info or "\\x00" in pattern:
        shown.pop("pattern", None)
    if shown.get("minLength") == shown.get("maxLength"):
        # One length is no range, and what is of one length has a name that says more.
        shown = {key: value for key, value in shown.items() if key not in {"minLength", "maxLength"}}
    return ", ".join((word, *(text.format(shown[key]) for key, text in _LIMITS.items() if key in shown)))
