"""A state machine of idempotency: each name of an owner has one answer, whatever it is used for next.

The one thing a newcomer would get wrong: a name belongs to who used it. A key and a person may use the same
one for different things; one person may not.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from tests.api.idempotency.posting import assert_replays, is_replay, outcome
from tests.support.askers import Answer, Asker
from tests.support.tickets import new_ticket
from tests.support.world_calls import new_call

from aidial_contract.ids import new_id
from fuzz.machine import Machine

NAMES = st.sampled_from(("breakfast", "lunch"))
KINDS = st.sampled_from(("call", "key", "ticket"))
SAYINGS = st.sampled_from(("one", "other"))
Sent = tuple[str, str]
LETTERS: Final = str.maketrans("0123456789", "ghijklmnop")


class Repeats(Machine):
    """A runtime and a partner who create under two names each, again and again."""

    def __init__(self) -> None:
        super().__init__()
        self.run = new_id()
        # In letters alone: eight digits of an id may look like a number to be rung, and leave the subject.
        self.subject = self.run.translate(LETTERS)
        self.answered: dict[tuple[str, str], tuple[Sent, Answer]] = {}
        self.outcome = ""
        self.tickets = 0
        self.call = new_call(self.business.lines[0], self.run)

    def owner(self, kind: str) -> Asker:
        """Calls come from the runtime's key, the rest from the partner."""
        return self.business.key if kind == "call" else self.partner

    def request(self, kind: str, saying: str) -> tuple[str, dict[str, Any]]:
        """Path and body; `saying` makes one of two bodies."""
        if kind == "call":
            return "/v1/calls", {**self.call, "outcome": saying}
        if kind == "key":
            new = {"client_id": self.business.client_id, "scope": "read", "description": saying}
            return "/v1/api-keys", new
        return "/v1/tickets", new_ticket(self.business.lines[0], subject=f"{self.subject} {saying}")

    async def send(self, kind: str, saying: str, name: str, times: int = 1) -> list[Answer]:
        """The same under a name, so many times at once."""
        path, body = self.request(kind, saying)
        asker, said = self.owner(kind), f"{self.run}-{name}"
        return await asyncio.gather(*(asker.post(path, body, idempotency_key=said) for _ in range(times)))

    @rule(kind=KINDS, saying=SAYINGS, name=NAMES)
    def create(self, kind: str, saying: str, name: str) -> None:
        """A name that was used is replayed to the same request, and refused to another."""
        (answer,) = self.wait(self.send(kind, saying, name))
        self.expect(kind, saying, name, [answer])

    @rule(kind=KINDS, saying=SAYINGS, name=NAMES)
    def create_at_once(self, kind: str, saying: str, name: str) -> None:
        """Of three at once one creates; the others are its replays, or told that it is under way."""
        answers = self.wait(self.send(kind, saying, name, times=3))
        done = [one for one in answers if outcome(one) != (409, "request_in_progress")]
        self.expect(kind, saying, name, sorted(done, key=is_replay))

    def expect(self, kind: str, saying: str, name: str, answers: list[Answer]) -> None:
        """What is told to one request or the same several times, the first answer first."""
        assert answers, "all were told that another is under way"
        owner = "key" if kind == "call" else "person"
        known = self.answered.get((owner, name))
        if known is not None and known[0] != (kind, saying):
            assert {outcome(one) for one in answers} == {(409, "idempotency_conflict")}
            return
        if known is None:
            first, *answers = answers
            assert not is_replay(first)
            assert outcome(first) == self.made(kind, saying), first
            known = self.answered[owner, name] = (kind, saying), first
        for one in answers:
            assert_replays(one, known[1])

    def made(self, kind: str, saying: str) -> tuple[int, str]:
        """What comes of a request whose name is new; calls have an identity of their own."""
        if kind == "ticket":
            self.tickets += 1
        if kind != "call" or not self.outcome:
            self.outcome = saying if kind == "call" else self.outcome
            return 201, ""
        return (200, "") if self.outcome == saying else (409, "already_exists")

    @rule(kind=KINDS, name=NAMES)
    def send_nonsense(self, kind: str, name: str) -> None:
        """What does not fit is refused as it is, and leaves its name free."""
        path, _ = self.request(kind, "one")
        answer = self.wait(self.owner(kind).post(path, {"nonsense": 1}, idempotency_key=f"{self.run}-{name}"))
        assert answer.status in {404, 422}, answer

    @rule()
    def let_a_day_pass(self) -> None:
        """Names are forgotten."""
        whose = self.business.client_id, self.partner.user_id
        older = "UPDATE idempotency_records SET expires_at = now() WHERE client_id = $1 OR actor_id = $2"
        self.wait(self.world.sql(older, *whose))
        self.answered.clear()

    @invariant()
    def there_is_what_was_created_and_no_more(self) -> None:
        """No repeat made a second one."""
        calls = self.wait(self.world.sql("SELECT outcome FROM calls WHERE external_id = $1", self.run))
        assert [row["outcome"] for row in calls] == [self.outcome] * bool(self.outcome)
        subjects = "SELECT count(*) FROM tickets WHERE subject LIKE $1"
        ((tickets,),) = self.wait(self.world.sql(subjects, f"{self.subject}%"))
        assert tickets == self.tickets
