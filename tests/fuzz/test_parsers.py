"""A short slice of `make fuzz`: every parser reads good inputs that were changed a little, and any."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fuzz.parsers import PARSERS, attack
from hypothesis import strategies as st


@pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: parser.__name__)
def test_nothing_that_was_changed_is_taken_and_nothing_breaks(
    parser: Callable[[st.DataObject], None],
) -> None:
    attack(parser, seed=1, examples=40)
