"""Reading and saving one's own profile.

The one thing a newcomer would get wrong: it answers before the second factor is shown, as the page does on
which that is put right; saving waits for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from msgspec.structs import replace

from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.crypto import CannotDecrypt
from aidial_api.kernel.preconditions import etag
from aidial_api.kernel.route import Answer
from aidial_api.kernel.versions import conflict
from aidial_api.surfaces.profile import store
from aidial_contract.access import Permission
from aidial_contract.mobiles import mobile_number
from aidial_contract.sections import language_tag
from aidial_contract.shapes.profile import SECTION, NewOwnProfile, OwnProfile, OwnProfileDocument
from aidial_contract.shapes.settings import LastChange, Mode

if TYPE_CHECKING:
    import asyncpg

    from aidial_api.kernel.ask import Ask

_PURPOSE: Final = "users.mobile"
_LANGUAGE: Final = "en-AU"


async def find(ask: Ask) -> asyncpg.Record | None:
    """The asker; nothing is known of a stranger."""
    person = ask.actor.person
    return None if person is None or not person.user_id else await store.find(ask.tx, person.user_id)


async def show(ask: Ask) -> Answer:
    """The document: to change for administrators, to read for everybody else."""
    return _answer(ask, await _profile(ask), ask.found)


async def save(ask: Ask) -> Answer:
    """The document after the change. 409 `version_conflict`."""
    user_id, new = ask.found["user_id"], _settled(ask.body.value)
    former = await _profile(ask)
    values = (new.first_name, new.last_name, await _sealed(ask, new.mobile), new.timezone, new.language)
    saved = await store.save(ask.tx, user_id, ask.body.expected_version, values)
    if saved is None:
        raise conflict(await store.current_version(ask.tx, user_id))
    names = [name for name in new.__struct_fields__ if getattr(former, name) != getattr(new, name)]
    event = Event(
        action="settings.profile.updated",
        target_kind="user",
        target_id=user_id,
        client_id=ask.actor.own_client_id,
        technical={"fields": names},
    )
    await record(ask, event)
    # Every other process hears it from the database; this one must not answer its author from before.
    ask.on_commit.append(lambda: ask.services.credentials.heard(None))
    return _answer(ask, new, saved)


def _settled(new: NewOwnProfile) -> OwnProfile:
    return OwnProfile(
        first_name=new.first_name.strip(),
        last_name=new.last_name.strip(),
        mobile=None if new.mobile is None else mobile_number(new.mobile),
        timezone=new.timezone,
        language=language_tag(new.language) or _LANGUAGE,
    )


async def _profile(ask: Ask) -> OwnProfile:
    row = ask.found
    return OwnProfile(
        first_name=row["first_name"],
        last_name=row["last_name"],
        mobile=await _opened(ask, row["mobile_encrypted"]),
        timezone=row["timezone"],
        language=row["language"],
    )


async def _sealed(ask: Ask, mobile: str | None) -> bytes | None:
    client_id = ask.actor.own_client_id
    if mobile is None or client_id is None:
        return None
    key = await ask.services.tenant_keys.get(ask.tx, client_id)
    return key.encrypt(mobile.encode(), purpose=_PURPOSE, record=ask.found["user_id"])


async def _opened(ask: Ask, sealed: bytes | None) -> str | None:
    """The number; None of a number that was sealed for another tenant, where the person was before."""
    client_id = ask.actor.own_client_id
    if sealed is None or client_id is None or client_id not in ask.reach.client_ids:
        return None
    key = await ask.services.tenant_keys.get(ask.tx, client_id)
    try:
        return key.decrypt(sealed, purpose=_PURPOSE, record=ask.found["user_id"]).decode()
    except CannotDecrypt:
        return None


def _answer(ask: Ask, profile: OwnProfile, row: asyncpg.Record) -> Answer:
    may_edit = ask.actor.level(Permission.PROFILE_EDIT) is not None
    shown = profile if may_edit else replace(profile, mobile=None)
    left_out: dict[str, Any] = {} if may_edit else {"restricted": ["mobile"], "counts": {}}
    user_id: str = ask.found["user_id"]
    mode: Mode = "edit" if may_edit else "summary"
    changed = row["changed_at"] and LastChange(at=row["changed_at"], by=ask.found["email"])
    document = OwnProfileDocument(
        section=SECTION,
        mode=mode,
        version=row["version"],
        working=shown,
        published=shown,
        publish_status="published",
        observed_at=None,
        last_changed=changed,
        **left_out,
    )
    tag = etag(ask.services.etag_key, user_id, f"settings/{SECTION}/{mode}", row["version"])
    return Answer(document, headers={"etag": tag})
