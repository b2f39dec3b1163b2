"""The one text that carries ids into SQL lets nothing but ids through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidial_api.kernel.reach import Reach, begin_text

if TYPE_CHECKING:
    from aidial_api.kernel.db import Database

SLUGS = st.from_regex(r"[a-z0-9][a-z0-9-]{1,62}", fullmatch=True)
PART = r"[a-z0-9][a-z0-9-]{1,62}"
WHOLE = re.compile(
    rf"BEGIN( READ ONLY)?(;SET LOCAL app\.client_ids='{PART}(,{PART})*')?"
    rf"(;SET LOCAL app\.actor_id='[0-9a-f-]{{36}}')?(;SET LOCAL app\.partner_org_id='{PART}')?"
    r"(;SET LOCAL app\.operations='on')?"
)


@given(st.lists(SLUGS, max_size=5), st.none() | st.uuids(), st.none() | SLUGS, st.booleans())
def test_every_reach_of_ids_makes_one_plain_begin(
    client_ids: list[str],
    actor: UUID | None,
    partner: str | None,
    read_only: bool,  # noqa: FBT001
) -> None:
    reach = Reach(tuple(client_ids), None if actor is None else str(actor), partner)
    text = begin_text(reach, read_only=read_only)
    assert WHOLE.fullmatch(text)
    assert text.count("'") == 2 * (bool(client_ids) + (actor is not None) + (partner is not None))


@given(st.text() | st.from_regex(r"[a-z0-9][a-z0-9-]{1,62}[\n';,\\$\x00]", fullmatch=True))
def test_anything_else_is_refused_before_it_is_text(given_id: str) -> None:
    is_slug = re.fullmatch(PART, given_id, re.ASCII) is not None
    for reach in (Reach((given_id,)), Reach(("harbour", given_id)), Reach(partner_org_id=given_id)):
        if is_slug:
            assert given_id in begin_text(reach)
        else:
            with pytest.raises(ValueError, match="not an id"):
                begin_text(reach)


@pytest.mark.parametrize(
    "hostile",
    [
        "x';DROP TABLE calls;--",
        "harbour\n",
        "a,b",
        "",
        "a",
        "A-b",
        "ab\x00",
        "ab'",
        "a" * 64,
        "-ab",
        "\uff11\uff12",
    ],
)
async def test_a_hostile_tenant_never_reaches_the_database(db: Database, hostile: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        db.transaction(Reach((hostile,)))


@pytest.mark.parametrize("hostile", ["harbour-dental", "x'", "0190e5f2-7c1a-7b3e-8d4c-1a2b3c4d5e6F", ""])
async def test_a_person_is_a_uuid_or_nothing(db: Database, hostile: str) -> None:
    with pytest.raises(ValueError, match="not the id of a person"):
        db.transaction(Reach(actor_id=hostile))
