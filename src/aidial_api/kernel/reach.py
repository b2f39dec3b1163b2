"""What a transaction may see, and the one text that tells PostgreSQL so.

A newcomer would pass the ids as parameters. asyncpg sends several commands in one round trip only
as plain text, so the text is built here, by one function, from ids of one narrow alphabet.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Reach:
    """The tenants, the person and the partner organisation of one transaction; empty reaches nothing.

    `client_ids` and `partner_org_id` are slugs, `actor_id` is a person's UUID in lower case (a key
    has none). An id outside its alphabet raises `ValueError` when the transaction begins. `operations`: it
    sees what AiDial's own people see of every tenant; the policies named so say what that is.
    """

    client_ids: tuple[str, ...] = ()
    actor_id: str | None = None
    partner_org_id: str | None = None
    operations: bool = False


NOTHING = Reach()
Settings = tuple[str, str, str]
"""Tenants, person and partner organisation as `reached()` takes them."""


def settings_of(reach: Reach) -> Settings:
    """Return the three settings of `reach` as `reached()` takes them; empty ones reach nothing."""
    return (
        ",".join(map(_checked_id, reach.client_ids)),
        _checked_uuid(reach.actor_id) if reach.actor_id is not None else "",
        _checked_id(reach.partner_org_id) if reach.partner_org_id is not None else "",
    )


@lru_cache(maxsize=4096)
def begin_text(reach: Reach, *, read_only: bool = False) -> str:
    """Return BEGIN and the settings of `reach` as one text. Nothing else in AiDial builds such a text.

    The settings last until the end of the transaction, so a connection goes back to the pool clean.
    """
    parts = ["BEGIN READ ONLY" if read_only else "BEGIN"]
    return ";".join(parts + _settings(reach))


def switch_text(reach: Reach) -> str:
    """Return the text that lets a transaction under way go on with another reach, the former one dropped.

    For the first sign-in alone: who signs in is known only once the body is read.
    """
    names = ("client_ids", "actor_id", "partner_org_id", "operations")
    return ";".join([*(f"SET LOCAL app.{name}=''" for name in names), *_settings(reach)])


def _settings(reach: Reach) -> list[str]:
    parts = []
    if reach.client_ids:
        parts.append(f"SET LOCAL app.client_ids='{','.join(map(_checked_id, reach.client_ids))}'")
    if reach.actor_id is not None:
        parts.append(f"SET LOCAL app.actor_id='{_checked_uuid(reach.actor_id)}'")
    if reach.partner_org_id is not None:
        parts.append(f"SET LOCAL app.partner_org_id='{_checked_id(reach.partner_org_id)}'")
    if reach.operations:
        parts.append("SET LOCAL app.operations='on'")
    return parts


def _checked_uuid(given: str) -> str:
    if not _UUID.fullmatch(given):
        raise ValueError("not the id of a person")
    return given


def _checked_id(given: str) -> str:
    if not _ID.fullmatch(given):
        raise ValueError("not an id")
    return given
