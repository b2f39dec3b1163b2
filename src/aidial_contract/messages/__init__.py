"""The message catalogue: every text the contract shows to people, Australian English, in Fluent.

The one thing a newcomer would get wrong: Fluent identifiers hold no dot, so the key `errors.not_found`
is the Fluent message `errors-not_found`, and its advice the attribute `.todo`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax.ast import Message, Resource

_FIELDS = "fields-"


@cache
def _resource() -> Resource:
    return FluentResource(files(__package__).joinpath("en-AU.ftl").read_text(encoding="utf-8"))


@cache
def _bundle() -> FluentBundle:
    bundle = FluentBundle(["en-AU"], use_isolating=False)
    bundle.add_resource(_resource())
    return bundle


@cache
def keys() -> tuple[str, ...]:
    """The key of every text, in the catalogue's order."""
    ids = (entry.id.name for entry in _resource().body if isinstance(entry, Message))
    return tuple(name.replace("-", ".", 1) for name in ids)


@cache
def field_codes() -> tuple[str, ...]:
    """Every code a `FieldError` may have, in the catalogue's order."""
    ids = (entry.id.name for entry in _resource().body if isinstance(entry, Message))
    return tuple(name.removeprefix(_FIELDS) for name in ids if name.startswith(_FIELDS))


@cache
def text(key: str, attribute: str | None = None) -> str:
    """The en-AU text of `key` (`errors.not_found`), or of one of its attributes; KeyError when absent."""
    bundle = _bundle()
    message = bundle.get_message(key.replace(".", "-"))
    pattern = message.attributes[attribute] if attribute else message.value
    if pattern is None:
        raise KeyError(key)
    value, problems = bundle.format_pattern(pattern)
    if problems:
        raise KeyError(f"{key}: {problems[0]}")
    return str(value)
