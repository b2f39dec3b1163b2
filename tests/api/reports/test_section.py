"""Who may set the monthly summary, who sees it masked, and who sees only what was sent."""

from __future__ import annotations

from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.months import begin_of, month_of, moved
from tests.api.calls.lines import administrator_of, open_business
from tests.api.reports.months import NAMES, PATH, ZONE, asked, summary, turn_of, turn_on
from tests.api.settings.clinics import Clinic
from tests.support.api import World


async def test_it_is_off_until_somebody_turns_it_on(clinic: Clinic) -> None:
    document = (await clinic.alice.get(PATH)).json
    assert (document["mode"], document["version"], document["working"]) == ("edit", 1, summary(enabled=False))
    assert document["reaches"] == {"email": False}


async def test_the_administrator_edits_the_manager_sees_it_masked_and_staff_sees_the_history(
    clinic: Clinic,
) -> None:
    saved = (await turn_on(clinic)).json
    assert (saved["mode"], saved["version"]) == ("edit", 2)
    assert saved["working"] == saved["published"] == summary(*NAMES)
    ben = (await clinic.ben.get(PATH)).json
    assert (ben["mode"], ben["counts"]) == ("summary", {"monthly_summary/recipients": 2})
    assert ben["working"] == summary("p...@hill-street.example", "O...@hill-street.example")
    chloe = (await clinic.chloe.get(PATH)).json
    assert (chloe["mode"], chloe["working"], chloe.get("counts")) == ("history", summary(), None)
    assert chloe["restricted"] == ["monthly_summary/recipients"]
    change = {"expected_version": 2, "value": summary(enabled=False)}
    for asker in (clinic.ben, clinic.chloe, clinic.petra):
        assert (await asker.put(PATH, change)).status == 404
    assert (await clinic.petra.get(PATH)).status == 404


async def test_who_changed_it_is_for_those_who_see_what_is_set(clinic: Clinic) -> None:
    await turn_on(clinic)
    for asker in (clinic.alice, clinic.ben):
        answer = await asker.get(f"{PATH}/history")
        fields = {one["field"]: one["after"] for one in answer.json["history"][0]["changes"]}
        assert fields["monthly_summary/enabled"] is True
        assert fields["monthly_summary/recipients"] == [
            "p...@hill-street.example",
            "O...@hill-street.example",
        ]
    assert (await clinic.chloe.get(f"{PATH}/history")).status == 404


async def test_who_is_assigned_to_some_of_the_lines_sends_the_summary_of_all_to_nobody(world: World) -> None:
    shop = await open_business(world, "Australia/Perth", "Australia/Hobart")
    change = {"expected_version": 1, "value": summary("me@shop.example")}
    of_one = await administrator_of(world, shop, shop.lines[0])
    assert (await of_one.put(PATH, change)).status == 404
    saved = await (await administrator_of(world, shop, *shop.lines)).put(PATH, change)
    assert (saved.status, saved.json["mode"]) == (200, "edit")
    seen = await of_one.get(PATH)
    assert (seen.status, seen.json["mode"], seen.json["working"]) == (200, "history", summary())
    assert (await of_one.get(f"{PATH}/history")).status == 404
    assert (await of_one.get("/v1/deliveries")).status == 200


async def test_recipients_are_kept_sealed_and_the_log_has_names_of_fields_alone(clinic: Clinic) -> None:
    await turn_on(clinic)
    (row,) = await clinic.world.sql(
        "SELECT value::text AS value FROM client_settings WHERE client_id = $1 AND section = 'reports'",
        clinic.client_id,
    )
    assert '"enabled": true' in row["value"]
    assert "hill-street" not in row["value"]
    (event,) = await clinic.world.sql(
        "SELECT * FROM audit_events WHERE client_id = $1 AND action = 'settings.reports.updated'",
        clinic.client_id,
    )
    assert "hill-street.example" not in str(event["technical"])
    assert event["target_id"] == "reports"


async def test_recipients_that_are_none_or_twice_or_nobody_are_refused(clinic: Clinic) -> None:
    place = "/value/monthly_summary/recipients"
    for value, field, code in (
        (summary(), place, "required"),
        (summary("nobody"), f"{place}/0", "format"),
        (summary(NAMES[0], NAMES[0].upper()), f"{place}/1", "repeated"),
        (summary(*(f"a{n}@b.example" for n in range(21))), place, "too_long"),
    ):
        answer = await clinic.save(PATH, value)
        (error,) = answer.json["field_errors"]
        assert (answer.status, error["field"], error["code"]) == (422, field, code), answer
    assert (await clinic.alice.get(PATH)).json["version"] == 1


async def test_a_save_that_turns_it_on_asks_for_last_months_report_at_once(clinic: Clinic) -> None:
    before = moved(month_of(utc_now(), ZONE), -1)
    await turn_on(clinic)
    last = moved(month_of(utc_now(), ZONE), -1)
    assert await asked(clinic) in ([(last, turn_of(last))], [(before, turn_of(before))])
    assert turn_of(last) > begin_of(moved(last, 1), ZONE)
    answer = await clinic.save(PATH, summary(*NAMES, enabled=False))
    assert answer.status == 200
    assert await asked(clinic) == []
