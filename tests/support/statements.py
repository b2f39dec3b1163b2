"""Which statements requests cost: what tests of equal work compare.

The one thing a newcomer would get wrong: a slow machine must not count as work. What the API does by itself
every few seconds is not of any request, and who asks is looked up once, however long the request takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from aidial_api.kernel.transaction import observe

if TYPE_CHECKING:
    from aidial_api.kernel.credentials import Credentials
    from aidial_api.kernel.remembered import Remembered

A_LONG_TIME_S = 600.0
OWN = ("issuer keys", "last use of keys", "listen ", "news of calls")
"""What the API does by itself, whoever asks for something meanwhile."""


@contextmanager
def statements_of_requests() -> Iterator[list[str]]:
    """The statements of this process while the block runs, without those of its `OWN` tasks."""
    statements: list[str] = []

    def said(sql: str) -> None:
        task = asyncio.current_task()
        if task is None or not task.get_name().startswith(OWN):
            statements.append(sql)

    with observe(said):
        yield statements


@contextmanager
def nobody_known(credentials: Credentials) -> Iterator[None]:
    """Begin with nothing remembered of anybody; what is then looked up stays known until the block ends."""
    remembered: tuple[Remembered[Any], ...] = (
        credentials._keys,
        credentials._people,
        credentials._services,
        credentials._sessions,
    )
    ages_s = [one._max_age_s for one in remembered]
    credentials.heard(None)
    try:
        for one in remembered:
            one._max_age_s = A_LONG_TIME_S
        yield
    finally:
        for one, age_s in zip(remembered, ages_s, strict=True):
            one._max_age_s = age_s
