"""One store for these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.store import Store, running_store


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    with running_store() as running:
        yield running
