"""Who changed what when: every section remembers, and shows a role no more than the section does."""

from __future__ import annotations

from typing import Any

from aidial_api.provisioning import lift_allowlist
from tests.api.settings.clinics import ALLOWLIST, OFFICE_NETWORK, TENANT, Clinic
from tests.support.api import World
from tests.support.askers import Answer, Asker

LIMITS = {"greeting": "Good morning.", "interruptible": True, "max_duration_minutes": 15}


def of_project(clinic: Clinic, section: str) -> str:
    return f"/v1/projects/{clinic.project_id}/settings/{section}"


async def history(who: Asker, path: str, query: str = "") -> list[dict[str, Any]]:
    answer = await who.get(f"{path}/history{query}")
    assert answer.status == 200, answer
    found: list[dict[str, Any]] = answer.json["history"]
    return found


async def test_alice_reads_what_was_changed_newest_first_and_what_it_was_before(clinic: Clinic) -> None:
    path = of_project(clinic, "call-limits")
    assert await history(clinic.alice, path) == []
    await clinic.save(path, LIMITS)
    await clinic.save(path, LIMITS | {"max_duration_minutes": 25, "interruptible": False})
    latest, first = await history(clinic.alice, path)
    assert (latest["version"], latest["by"]) == (3, clinic.alice.someone.email)
    assert latest["changes"] == [
        {"field": "interruptible", "before": True, "after": False},
        {"field": "max_duration_minutes", "before": 15, "after": 25},
    ]
    # What counted before anybody saved is the beginning, and no change of somebody's.
    assert first["changes"] == [{"field": "greeting", "before": "", "after": "Good morning."}]
    assert first["at"] < latest["at"]


async def test_ben_reads_that_the_words_changed_and_not_the_words(clinic: Clinic) -> None:
    path = of_project(clinic, "call-limits")
    await clinic.save(path, LIMITS | {"max_duration_minutes": 6})
    answer = await clinic.ben.get(f"{path}/history")
    assert answer.json["mode"] == "summary"
    (change,) = answer.json["history"]
    assert change["restricted"] == ["greeting"]
    assert change["changes"] == [{"field": "max_duration_minutes", "before": 15, "after": 6}]
    assert "Good morning" not in str(answer.json)


async def test_chloe_and_another_clinics_people_find_no_history(clinic: Clinic, world: World) -> None:
    for path in (of_project(clinic, "call-limits"), of_project(clinic, "notifications")):
        await same_as_missing(clinic.chloe, path)
        await same_as_missing(world.mallory, path)
    await same_as_missing(clinic.chloe, TENANT)
    await same_as_missing(clinic.petra, ALLOWLIST)


async def same_as_missing(who: Asker, path: str) -> None:
    denied: Answer = await who.get(f"{path}/history")
    assert (denied.status, denied.json["code"]) == (404, "not_found"), denied


async def test_lists_say_what_came_and_what_went(clinic: Clinic) -> None:
    office, branch = {"cidr": OFFICE_NETWORK, "label": "Office"}, {"cidr": "192.0.2.0/24", "label": "Branch"}
    await clinic.save(ALLOWLIST, {"enabled": False, "entries": [office]})
    await clinic.save(ALLOWLIST, {"enabled": False, "entries": [office, branch]})
    await clinic.save(ALLOWLIST, {"enabled": False, "entries": [branch]})
    third, second, _ = await history(clinic.alice, ALLOWLIST)
    assert second["changes"] == [{"field": "entries", "before": [], "after": [branch], "kept": 1}]
    assert third["changes"] == [{"field": "entries", "before": [office], "after": [], "kept": 1}]
    hidden = await history(clinic.ben, ALLOWLIST)
    assert [(one["changes"], one["restricted"]) for one in hidden] == [([], ["entries"])] * 3


async def test_what_aidial_did_is_not_taken_for_the_next_persons_work(clinic: Clinic) -> None:
    await clinic.allow_only("127.0.0.0/8", OFFICE_NETWORK)
    assert await lift_allowlist(clinic.world.urls.owner_url, clinic.client_id, "")
    lifted, _ = await history(clinic.alice, ALLOWLIST)
    assert (lifted["by"], lifted["version"]) == ("AiDial", 3)
    assert lifted["changes"] == [{"field": "enabled", "before": True, "after": False}]


async def test_recipients_are_masked_for_those_too_who_may_edit_them(clinic: Clinic) -> None:
    path = of_project(clinic, "notifications")
    off = {"enabled": False, "recipients": []}

    def mailed(*recipients: str) -> dict[str, Any]:
        mail = {"enabled": True, "mask": True, "recipients": list(recipients)}
        return {"email_transcript": mail, "sms_summary": off}

    await clinic.save(path, mailed("mara@hill.example"))
    await clinic.save(path, mailed("mia@hill.example"))
    answer = await clinic.alice.get(f"{path}/history")
    changed = answer.json["history"][0]["changes"]
    masked = ["m...@hill.example"]
    assert changed == [{"field": "email_transcript/recipients", "before": masked, "after": masked, "kept": 0}]
    assert (await history(clinic.ben, path))[0]["changes"] == changed
    assert "mara" not in str(answer.json)


async def test_a_long_history_is_read_page_by_page(clinic: Clinic) -> None:
    for minutes in (6, 7, 8):
        await clinic.save(of_project(clinic, "call-limits"), LIMITS | {"max_duration_minutes": minutes})
    path = f"{of_project(clinic, 'call-limits')}/history?limit=2"
    first = (await clinic.alice.get(path)).json
    rest = (await clinic.alice.get(f"{path}&cursor={first['next_cursor']}")).json
    read = [one["changes"][-1]["after"] for page in (first, rest) for one in page["history"]]
    assert (read, rest["next_cursor"]) == ([8, 7, 6], None)
    foreign = await clinic.alice.get(f"{TENANT}/history?cursor={first['next_cursor']}")
    assert (foreign.status, foreign.json["code"]) == (400, "invalid_cursor")
