"""A body at the edge of a row: read as what it was sent as, and fitted to the row's shape.

The one thing a newcomer would get wrong: a form is checked against the same shape as JSON, as an object of
texts, so a row that takes both has one shape.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from aidial_api.kernel.route import Route
from aidial_contract import errors
from aidial_contract.checking import check
from aidial_contract.fault import Fault
from aidial_contract.media import FORM

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
