"""State machines of lifecycles: a thing goes where the table says, and nowhere else.

The one thing a newcomer would get wrong: what a refusal tells is part of it, the state and what may follow.
"""

from __future__ import annotations

import time
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from tests.support.askers import Answer, Asker
from tests.support.tickets import new_ticket

from aidial_contract.ids import new_id
from aidial_contract.lifecycle import API_KEYS, TICKETS
from fuzz.machine import Machine
from fuzz.versions import CONFLICT, VERSIONS, refused, version_sent

REFUSED_WITHIN_S: Final = 1.0
SIDES: Final = st.sampled_from(("customer", "support"))
BY_CUSTOMERS: Final = TICKETS.without("waiting_on_customer")
ANSWERED: Final = {"waiting_on_customer": "waiting_on_support", "resolved": "open"}
"""Where a customer's words bring a ticket."""


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
            since = asked = time.monotonic()
            while (self._status(key_id) == 200) != (state == "active"):
                assert state != "active"
                assert asked - since < REFUSED_WITHIN_S, f"a {state} key is still good"
                asked = time.monotonic()

    def _status(self, key_id: str) -> int:
        holder = Asker(self.world.api.http, {"x-api-key": self.texts[key_id]})
        return self.wait(holder.get("/v1/projects")).status


class Tickets(Machine):
    """One ticket between two sides: moved by version and lifecycle, and by words."""

    def __init__(self) -> None:
        super().__init__()
        opened = self.wait(self.business.staff.post("/v1/tickets", new_ticket(self.business.lines[0])))
        ticket = opened.json["ticket"]
        self.path = f"/v1/tickets/{ticket['ticket_id']}"
        self.status: str = ticket["status"]
        self.version: int = ticket["version"]
        self.comments = 0

    def by(self, side: str) -> tuple[Asker, str]:
        """Who acts for a side, and the query that they need."""
        if side == "support":
            return self.world.omar, f"?client_id={self.business.client_id}"
        return self.business.admin, ""

    @rule(side=SIDES, wanted=st.sampled_from(TICKETS.states), kind=VERSIONS)
    def move(self, side: str, wanted: str, kind: str) -> None:
        """At the version named, to a state that may follow for this side."""
        asker, query = self.by(side)
        sent = version_sent(kind, self.version)
        body = {"status": wanted, "expected_version": sent}
        answer = self.wait(asker.patch(self.path + query, body))
        if refused(answer, sent, self.version):
            return
        lifecycle = TICKETS if side == "support" else BY_CUSTOMERS
        if not lifecycle.may_go(self.status, wanted):
            self.assert_conflict(answer, list(lifecycle.allowed[self.status]))
            return
        assert answer.status == 200, answer
        self.status, self.version = wanted, self.version + 1

    @rule(side=SIDES)
    def write(self, side: str) -> None:
        """Words of a customer wake a ticket; a closed one takes none."""
        asker, query = self.by(side)
        answer = self.wait(asker.post(f"{self.path}/comments{query}", {"body": "Words"}))
        if self.status == "closed":
            self.assert_conflict(answer, [])
            return
        assert answer.status == 201, answer
        before, self.comments = self.status, self.comments + 1
        if side == "customer":
            self.status = ANSWERED.get(before, before)
        self.version += self.status != before

    def assert_conflict(self, answer: Answer, allowed: list[str]) -> None:
        """The refusal says the state, and what may follow it."""
        assert (answer.status, answer.code) == (CONFLICT, "state_conflict"), answer
        assert answer.json["details"] == {"current_state": self.status, "allowed": allowed}

    @invariant()
    def the_ticket_is_where_it_was_brought(self) -> None:
        """Both sides see the same."""
        for side in ("customer", "support"):
            asker, query = self.by(side)
            found: dict[str, Any] = self.wait(asker.get(self.path + query)).json["ticket"]
            seen = found["status"], found["version"], found["comment_count"]
            assert seen == (self.status, self.version, self.comments)
