"""A person's saved views of one client's calls: read and replaced as one document with one version.

The one thing a newcomer would get wrong: a view is checked for what it says, not for whether its project may
be seen; opening it is judged like any other list, on the day it is opened.
"""

from __future__ import annotations

import asyncpg
import msgspec

from aidial_api.kernel.ask import Ask
from aidial_api.kernel.audit import Event, record
from aidial_api.kernel.redaction import redact
from aidial_api.kernel.route import Answer
from aidial_api.kernel.versions import conflict
from aidial_api.surfaces.calls import views_store
from aidial_api.surfaces.calls.sensitive import sensitive_kind
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.ids import plain_id
from aidial_contract.shapes.call_views import CallView, CallViews, CallViewsChange

_decode = msgspec.json.Decoder(list[CallView]).decode


async def find(ask: Ask) -> asyncpg.Record | None:
    """The asker's views of the client the query names, or of their own, through the scope."""
    named = next((plain_id(text) for name, text in ask.raw_query if name == "client_id"), None)
    client_id = named or ask.actor.own_client_id
    return await views_store.find(ask.tx, client_id, ask.reach.client_ids, _user_id(ask))


async def show(ask: Ask) -> Answer:
    """Every view, in the order they were given."""
    views = _decode(ask.found["views"]) if ask.found["views"] else []
    return Answer(CallViews(version=ask.found["version"], views=views))


async def save(ask: Ask) -> Answer:
    """The document after the change. 409 `version_conflict`; 422 for a view that holds private details."""
    change: CallViewsChange = ask.body
    _refuse_private(change)
    views = [CallView(name=view.name, query=view.query) for view in change.views]
    client_id: str = ask.found["client_id"]
    key = (client_id, _user_id(ask))
    text = msgspec.json.encode(views).decode()
    version = await views_store.save(ask.tx, key, text, change.expected_version or 0)
    if version is None:
        raise conflict(await views_store.current_version(ask.tx, key))
    await record(
        ask,
        Event(
            action="calls.views.updated",
            target_kind="call_views",
            target_id=_user_id(ask),
            client_id=client_id,
            technical={"count": len(views)},
        ),
    )
    return Answer(CallViews(version=version, views=views))


_FREE_TEXTS = frozenset({"outcome", "resolution", "type", "sms_status", "email_status"})
"""Filters whose values a platform chose the words of; an agent's id is stored as delivered."""


def _user_id(ask: Ask) -> str:
    person = None if ask.denied else ask.actor.person
    return (person.user_id if person else None) or views_store.NOBODY


def _refuse_private(change: CallViewsChange) -> None:
    wrong = [
        FieldError(f"/views/{place}/name", "sensitive")
        for place, view in enumerate(change.views)
        if redact(view.name).spans
    ]
    wrong += [
        FieldError(f"/views/{place}/query/q", "sensitive")
        for place, view in enumerate(change.views)
        if "q" in view.query and sensitive_kind(view.query["q"])
    ]
    wrong += [
        FieldError(f"/views/{place}/query/{name}", "sensitive")
        for place, view in enumerate(change.views)
        for name in _FREE_TEXTS & view.query.keys()
        if redact(view.query[name]).spans
    ]
    if wrong:
        raise Fault(errors.VALIDATION_FAILED, field_errors=wrong, reason="private details in a view")
