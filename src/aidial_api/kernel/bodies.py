"""Media types at the edge of a row: what a body was sent as, and what the caller takes in return.

The one thing a newcomer would get wrong: a form is checked against the same shape as JSON, as an object of
texts, so a row that takes both has one shape.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from aidial_api.kernel.route import FORM, JSON, Route
from aidial_contract import errors
from aidial_contract.checking import check
from aidial_contract.fault import Fault

MAX_FIELDS: Final = 100


def fitted(body: bytes, content_type: str, row: Route, shape: type[msgspec.Struct]) -> Any:
    """The body as the row's shape; a form counts as an object of texts."""
    try:
        return check(_form_as_json(body) if content_type == FORM else body, shape, row.rules)
    except Fault as fault:
        if fault.row is errors.VALIDATION_FAILED and row.misfit is not errors.VALIDATION_FAILED:
            raise Fault(row.misfit, reason="the body does not fit its shape") from None
        raise


def _form_as_json(body: bytes) -> bytes:
    try:
        text = body.decode("ascii")
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Fault(errors.MALFORMED_REQUEST, reason="form") from None
    if len(dict(pairs)) != len(pairs):
        raise Fault(errors.MALFORMED_REQUEST, reason="a form field twice")
    return msgspec.json.encode(dict(pairs))


def accepts(accept: str, media_type: str) -> bool:
    """Whether an `Accept` takes a media type; plain JSON stands for every type that is written in it."""
    kind = media_type.partition("/")[0]
    wanted = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    takes = {"*/*", f"{kind}/*", media_type, ""}
    if media_type == f"{kind}/*":
        takes |= {one for one in wanted if one.startswith(f"{kind}/")}
    if media_type.endswith("+json"):
        takes.add(JSON)
    return not wanted.isdisjoint(takes)
