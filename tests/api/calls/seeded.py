"""The seeded calls that several modules ask for in many ways; `ground` in the conftest makes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aidial_contract.params import CALL_LIST_PARAMS
from aidial_contract.query import parse_query

UNTIL = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
CLIENT = "seed-0001"
CALLS = 400


def asked(*pairs: tuple[str, str]) -> Any:
    return parse_query(pairs, CALL_LIST_PARAMS)
