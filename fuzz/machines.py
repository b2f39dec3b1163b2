"""State machines: any order of reading, changing and ending, beside a model of what must come of it.

The one thing a newcomer would get wrong: a machine runs in a thread beside the loop that serves the API, so
every step waits for its answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, ClassVar, Final, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.api.calls.lines import Business, open_business
from tests.api.sessions.newcomers import invite
from tests.people import PRIYA
from tests.support.api import World
from tests.support.askers import Answer, Asker
from tests.support.world_calls import new_call

from aidial_contract.ids import new_id
from aidial_contract.lifecycle import API_KEYS
from fuzz.report import Budget, Report

T = TypeVar("T")
REFUSED_WITHIN_S: Final = 1.0
CONFLICT, STALE, MISSING = 409, 412, 428


class Machine(RuleBasedStateMachine):
    """A machine with a world to ask; subclasses are made for one world by `machine_for`."""

    world: ClassVar[World]
    business: ClassVar[Business]
    partner: ClassVar[Asker]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """What the work gives, done on the loop of the servers."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)


VERSIONS = st.sampled_from(("current", "older", "newer", "none"))


def version_sent(kind: str, current: int) -> int | None:
    """The version that somebody names who is up to date, late, ahead, or says none."""
    return {"current": current, "older": max(1, current - 1), "newer": current + 1, "none": None}[kind]


class Drafts(Machine):
    """A project's draft: saved and published by version, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.path = f"/v1/projects/{self.business.lines[0]}"
        draft = self.wait(self.partner.get(f"{self.path}/draft/profile")).json
        self.version: int = draft["version"]
        self.name: str = draft["value"]["display_name"]
        self.is_published: bool = draft["is_published"]

    @rule(kind=VERSIONS, name=st.sampled_from(("Front", "Back")))
    def save(self, kind: str, name: str) -> None:
        """Only who names the current version saves, and the version goes up by one."""
        value = {"display_name": name, "timezone": "Australia/Sydney"}
        sent = version_sent(kind, self.version)
        answer = self.wait(
            self.partner.put(f"{self.path}/draft/profile", {"value": value, "expected_version": sent})
        )
        if self.refused(answer, sent):
            return
        assert answer.status == 200, answer
        self.version, self.name, self.is_published = self.version + 1, name, False
        assert answer.json["version"] == self.version

    @rule(kind=VERSIONS)
    def publish(self, kind: str) -> None:
        """What is published is the draft of the version named, once."""
        sent = version_sent(kind, self.version)
        answer = self.wait(self.partner.post(f"{self.path}/publish", {"expected_version": sent}))
        if self.refused(answer, sent):
            return
        if self.version == 1 or self.is_published:
            assert (answer.status, answer.code) == (CONFLICT, "draft_state_missing"), answer
            return
        assert answer.status == 202, answer
        self.is_published = True

    def refused(self, answer: Answer, sent: int | None) -> bool:
        """Whether the version named had to be refused, and was."""
        if sent is None:
            assert (answer.status, answer.code) == (MISSING, "precondition_required"), answer
        elif sent != self.version:
            assert (answer.status, answer.code) == (CONFLICT, "version_conflict"), answer
            assert answer.json["details"] == {"current_version": self.version}
        return sent != self.version

    @invariant()
    def the_draft_is_what_was_saved_last(self) -> None:
        """Nothing else changes it."""
        draft = self.wait(self.partner.get(f"{self.path}/draft/profile")).json
        assert (draft["version"], draft["value"]["display_name"]) == (self.version, self.name)
        assert draft["is_published"] == self.is_published


class Revisions(Machine):
    """One call, changed under If-Match."""

    def __init__(self) -> None:
        super().__init__()
        call = new_call(self.business.lines[0], f"machine-{new_id()}")
        answer = self.wait(self.business.deliver(call))
        self.path = f"/v1/calls/{answer.json['call_id']}"
        self.tag: str = answer.headers["etag"]
        self.older: list[str] = []
        self.resolution: str | None = None

    @rule(
        kind=st.sampled_from(("current", "any", "older", "none", "two", "weak")), said=st.sampled_from("abc")
    )
    def change(self, kind: str, said: str) -> None:
        """The current tag, or any, changes; an older one is stale; none is missing."""
        old = self.older[-1] if self.older else '"never"'
        tags = {"current": self.tag, "any": "*", "older": old, "none": "", "two": f"{old}, {self.tag}"}
        tags["weak"] = f"W/{self.tag}"
        answer = self.wait(self.business.key.patch(self.path, {"resolution": said}, if_match=tags[kind]))
        if kind == "none":
            assert (answer.status, answer.code) == (MISSING, "precondition_required"), answer
        elif kind in {"older", "weak"}:
            assert (answer.status, answer.code) == (STALE, "revision_stale"), answer
        else:
            assert answer.status == 200, answer
            assert answer.headers["etag"] != self.tag
            self.older.append(self.tag)
            self.tag, self.resolution = answer.headers["etag"], said

    @invariant()
    def the_call_is_what_was_said_last(self) -> None:
        """The tag of a read is the one of the last change, and no older one is current."""
        answer = self.wait(self.business.key.get(self.path))
        assert (answer.headers["etag"], answer.json["resolution"]) == (self.tag, self.resolution)
        assert self.tag not in self.older
        unchanged = self.wait(self.business.key.get(self.path, if_none_match=self.tag))
        assert (unchanged.status, unchanged.body) == (304, b"")


class Keys(Machine):
    """API keys of one client: made, rotated, revoked; each is good for as long as it is active."""

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[str, str] = {}
        self.texts: dict[str, str] = {}

    @precondition(lambda self: len(self.states) < 4)
    @rule()
    def make(self) -> None:
        """A new key is active."""
        new = {"client_id": self.business.client_id, "scope": "read", "description": "machine"}
        self._keep(self.wait(self.partner.post("/v1/api-keys", new)))

    def _keep(self, answer: Answer) -> None:
        assert answer.status == 201, answer
        key_id = answer.json["api_key"]["api_key_id"]
        self.states[key_id], self.texts[key_id] = "active", answer.json["secret"]

    @precondition(lambda self: self.states)
    @rule(data=st.data(), wanted=st.sampled_from(("rotated", "revoked")))
    def end(self, data: st.DataObject, wanted: str) -> None:
        """The lifecycle's table says whether it may be, and what is told when it may not."""
        # In the order they were made: ids differ each time a life is lived again.
        key_id = list(self.states)[data.draw(st.integers(0, len(self.states) - 1))]
        verb = {"rotated": "rotate", "revoked": "revoke"}[wanted]
        path = f"/v1/api-keys/{key_id}/{verb}?client_id={self.business.client_id}"
        body: dict[str, str] | None = {} if verb == "revoke" else None
        answer = self.wait(self.partner.post(path, body, idempotency_key=new_id()))
        current = self.states[key_id]
        if not API_KEYS.may_go(current, wanted):
            assert (answer.status, answer.code) == (CONFLICT, "state_conflict"), answer
            allowed = list(API_KEYS.allowed[current])
            assert answer.json["details"] == {"current_state": current, "allowed": allowed}
            return
        self.states[key_id] = wanted
        if wanted == "rotated":
            self._keep(answer)
        else:
            assert answer.status == 200, answer

    @invariant()
    def keys_are_good_while_they_are_active(self) -> None:
        """An active one always, an ended one for a second at most."""
        for key_id, state in self.states.items():
            until = time.monotonic() + REFUSED_WITHIN_S
            while (self._status(key_id) == 200) != (state == "active"):
                assert state != "active"
                assert time.monotonic() < until, f"a {state} key is still good"

    def _status(self, key_id: str) -> int:
        holder = Asker(self.world.api.http, {"x-api-key": self.texts[key_id]})
        return self.wait(holder.get("/v1/projects")).status


MACHINES: Final[tuple[type[Machine], ...]] = (Drafts, Revisions, Keys)


async def machine_for(world: World, kind: type[Machine]) -> type[Machine]:
    """The machine with a business of its own, and a partner admin who may change it."""
    business = await open_business(world, "Australia/Sydney")
    someone = await invite(world, replace(PRIYA, projects=((business.client_id, None),)))
    partner = await world.sign_in(someone)
    ground = {"world": world, "business": business, "partner": partner, "loop": asyncio.get_running_loop()}
    return type(kind.__name__, (kind,), ground)


async def live(machine: type[Machine], seed: int, lives: int, steps: int) -> None:
    """So many lives of a machine; raises what broke, with the fewest steps that break it."""
    light = hypothesis.settings(
        max_examples=lives,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    await asyncio.to_thread(_run, machine, light, seed)


def _run(machine: type[Machine], light: hypothesis.settings, seed: int) -> None:
    run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=light)


async def run(world: World, budget: Budget, lives: int = 20, steps: int = 30) -> Report:
    """Round after round of every machine, until the time is over."""
    report = Report("machines")
    for number in budget.rounds():
        for kind in MACHINES:
            try:
                await live(await machine_for(world, kind), budget.seed + number, lives, steps)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                notes = "\n".join(getattr(error, "__notes__", ()))
                report.found(f"{kind.__name__}: {type(error).__name__}", f"{error}\n{notes}")
            report.cases += lives
    return report
