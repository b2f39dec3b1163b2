"""State machines of what is changed by version: only who is up to date changes it.

The one thing a newcomer would get wrong: a version that nobody named is refused before a wrong one.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from tests.support.askers import Answer
from tests.support.world_calls import new_call

from aidial_contract.ids import new_id
from fuzz.machine import Machine

CONFLICT, STALE, MISSING = 409, 412, 428
VERSIONS = st.sampled_from(("current", "older", "newer", "none"))


def version_sent(kind: str, current: int) -> int | None:
    """The version that somebody names who is up to date, late, ahead, or says none."""
    return {"current": current, "older": max(1, current - 1), "newer": current + 1, "none": None}[kind]


def refused(answer: Answer, sent: int | None, current: int) -> bool:
    """Whether the version named had to be refused, and was."""
    if sent is None:
        assert (answer.status, answer.code) == (MISSING, "precondition_required"), answer
    elif sent != current:
        assert (answer.status, answer.code) == (CONFLICT, "version_conflict"), answer
        assert answer.json["details"] == {"current_version": current}
    return sent != current


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
        if refused(answer, sent, self.version):
            return
        assert answer.status == 200, answer
        self.version, self.name, self.is_published = self.version + 1, name, False
        assert answer.json["version"] == self.version

    @rule(kind=VERSIONS)
    def publish(self, kind: str) -> None:
        """What is published is the draft of the version named, once."""
        sent = version_sent(kind, self.version)
        answer = self.wait(self.partner.post(f"{self.path}/publish", {"expected_version": sent}))
        if refused(answer, sent, self.version):
            return
        if self.version == 1 or self.is_published:
            assert (answer.status, answer.code) == (CONFLICT, "draft_state_missing"), answer
            return
        assert answer.status == 202, answer
        self.is_published = True

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


class Sections(Machine):
    """A tenant's settings: saved by version, in any order."""

    path = "/v1/settings/tenant-settings"

    def __init__(self) -> None:
        super().__init__()
        document = self.wait(self.business.admin.get(self.path)).json
        self.version: int = document["version"]
        self.value: dict[str, Any] = document["working"]

    @rule(kind=VERSIONS, zone=st.sampled_from(("Australia/Perth", "UTC")), name=st.none() | st.just("Us"))
    def save(self, kind: str, zone: str, name: str | None) -> None:
        """Only who names the current version saves, and the version goes up by one."""
        sent = version_sent(kind, self.version)
        value = {"timezone": zone, "regional_format": "en-AU", "display_name": name}
        body = {"value": value, "expected_version": sent}
        answer = self.wait(self.business.admin.put(self.path, body))
        if refused(answer, sent, self.version):
            return
        assert answer.status == 200, answer
        self.version, self.value = self.version + 1, {**self.value, **answer.json["working"]}
        assert (self.value["timezone"], self.value["display_name"]) == (zone, name)

    @rule(kind=VERSIONS)
    def save_without_a_right(self, kind: str) -> None:
        """Staff learn nothing, not even the version."""
        body = {"value": self.value, "expected_version": version_sent(kind, self.version)}
        answer = self.wait(self.business.staff.put(self.path, body))
        assert (answer.status, answer.code) == (404, "not_found"), answer

    @invariant()
    def the_section_is_what_was_saved_last(self) -> None:
        """Nothing else changes it."""
        document = self.wait(self.business.admin.get(self.path)).json
        assert (document["version"], document["working"]) == (self.version, self.value)
