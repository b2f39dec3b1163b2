"""What a section of settings says of itself: what a summary shows, and what an account export holds."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest

from aidial_contract.section import Section
from aidial_contract.sections import SECTIONS


def type_at(value: type[Any], path: str) -> Any:
    """The type of a member, or of one of its members."""
    found: Any = value
    for name in path.split("/"):
        found = get_type_hints(found)[name]
    return found


@pytest.mark.parametrize("section", SECTIONS, ids=lambda one: one.slug)
def test_an_export_holds_members_by_name_and_never_a_restricted_one(section: Section) -> None:
    assert section.exported or set(section.restricted) == set(section.left_out)
    assert not set(section.exported) & set(section.restricted)
    for path in (*section.exported, *section.restricted):
        type_at(section.value, path)
    assert set(section.restricted) <= set(section.left_out)
    assert not set(section.left_out) & set(section.exported)
