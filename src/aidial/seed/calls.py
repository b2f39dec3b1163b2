"""Bodies of `POST /v1/calls`: who, when, what was said, how it ended, put together.

Everything follows from the seed, the project and `until`: the n-th call of a seed keeps its `external_id`
for ever,
but its content moves with `until`. Keep `until` with the data when the same calls must be delivered twice.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from random import Random
from typing import Any

from aidial.seed.businesses import Business, Project
from aidial.seed.dialogues import themes
from aidial.seed.dialogues.scene import Ending, Scene
from aidial.seed.people import make_person
from aidial.seed.rhythm import start_times
from aidial.seed.timing import Timing, time_message, time_speech

Body = dict[str, Any]

SETTLE_MINUTES = 45  # no finished call starts later than this before `until`, so that none ends in the future
LIVE_SHARE = 50  # one live call for every so many
MOST_LIVE = 3
MOST_LIVE_AFTER_HOURS = 1
LIVE_AGE_SECONDS = (25, 170)
UNKNOWN_SHARE = 0.006
UNCLASSIFIED_SHARE = 0.03
CENTS_A_MINUTE = 19
CENTS_A_TEXT = 9


def generate_calls(
    business: Business, project_id: str, count: int, *, until: datetime, days: int = 90, seed: int
) -> Iterator[Body]:
    """Make `count` calls of one project in the `days` before `until` (aware), oldest first, the last live.

    Yields plain dicts in the shape of `POST /v1/calls`, all times in the practice's own offset. Raises
    ValueError for a naive `until`.
    """
    if until.tzinfo is None:
        raise ValueError("until must carry a timezone")
    project = business.project(project_id)
    rng = Random(f"{seed}:{project_id}")  # noqa: S311 - demo data
    live = min(count // LIVE_SHARE, MOST_LIVE if project.line == "front_desk" else MOST_LIVE_AFTER_HOURS)
    starts = start_times(
        rng,
        count=count - live,
        until=until - timedelta(minutes=SETTLE_MINUTES),
        days=days,
        timezone=business.timezone,
        state=business.state,
        after_hours=project.line == "after_hours",
    )
    ages = sorted((rng.randint(*LIVE_AGE_SECONDS) for _ in range(live)), reverse=True)
    zone = starts[0].tzinfo if starts else until.tzinfo
    starts += [(until - timedelta(seconds=age)).astimezone(zone).replace(microsecond=0) for age in ages]
    for index, start in enumerate(starts):
        own = Random(f"{seed}:{project_id}:{index}")  # noqa: S311 - demo data
        body = _call(own, business, project, project_id, start, until if index >= count - live else None)
        body["external_id"] = _external_id(project, project_id, seed, index)
        yield body


def _external_id(project: Project, project_id: str, seed: int, index: int) -> str:
    digest = sha256(f"{seed}:{project_id}:{index}".encode()).hexdigest()
    return f"{'fd' if project.line == 'front_desk' else 'ah'}-{digest[:20]}"


def _call(
    rng: Random,
    business: Business,
    project: Project,
    project_id: str,
    start: datetime,
    live_at: datetime | None,
) -> Body:
    theme, channel, direction = _theme(rng, business, project, start, live=live_at is not None)
    person = make_person(
        rng, area_code=business.area_code, suburbs=business.suburbs, household_seed=business.client_id
    )
    scene = Scene(rng=rng, business=business, project=project, who=person, at=start)
    ending = theme(scene)
    timing = time_message(scene, start) if channel == "sms" else time_speech(scene, start, ending, direction)
    # Nobody places a call or sends a text to a number that is not there.
    callers_number = (
        person.number if channel == "voice" and direction == "inbound" else _mobile(person.mobile)
    )
    numbers = (callers_number, project.number) if direction == "inbound" else (project.number, callers_number)
    body: Body = {
        "project_id": project_id,
        "external_id": "",
        "channel": channel,
        "direction": direction,
        "from_number": numbers[0],
        "to_number": numbers[1],
        "agent": {"id": project.agent_id, "name": project.agent_name},
        "started_at": start.isoformat(),
    }
    if live_at is not None:
        return body | _still_live(timing, live_at)
    return body | _finished(scene, ending, timing, channel)


def _mobile(written: str) -> str:
    return f"+61{written.replace(' ', '')[1:]}"


@cache
def _rows(kind: Any, line: Any, *, polite: bool) -> tuple[list[themes.Row], list[float]]:
    return themes.rows(kind, line, polite=polite)


def _theme(
    rng: Random, business: Business, project: Project, start: datetime, *, live: bool
) -> tuple[themes.Theme, themes.Channel, themes.Direction]:
    if live:
        return rng.choice(themes.LIVE), "voice", "inbound"
    polite = start.hour in themes.POLITE_HOURS and start.weekday() != themes.SUNDAY
    fitting, weights = _rows(business.kind, project.line, polite=polite)
    row = rng.choices(fitting, weights)[0]
    return row[0], row[1], row[2]


def _still_live(timing: Timing, live_at: datetime) -> Body:
    elapsed_ms = int((live_at - timing.answered_at).total_seconds() * 1000) if timing.answered_at else 0
    so_far = [turn for turn in timing.turns if turn["end_ms"] <= elapsed_ms]
    return {
        "status": "live",
        "answered_at": timing.answered_at.isoformat() if timing.answered_at else None,
        "ended_at": None,
        "end_reason": None,
        "consent": {"state": "obtained", "method": "verbal"},
        "turns": so_far or timing.turns[:1],
    }


def _finished(scene: Scene, ending: Ending, timing: Timing, channel: str) -> Body:
    lost = ending.answered and ending.outcome is not None and scene.chance(UNKNOWN_SHARE)
    status = {"missed": "missed", "failed": "failed"}.get(ending.end_reason, "completed")
    body: Body = {
        "status": "unknown" if lost else status,
        "ended_at": timing.ended_at.isoformat(),
        "end_reason": "unknown" if lost else ending.end_reason,
        "call_type": ending.call_type,
        "resolution": ending.resolution,
        "summary": ending.summary,
        "sentiment": {"caller": ending.mood, "agent": _agent_mood(scene, ending)},
        "consent": _consent(scene, timing, channel),
        "turns": timing.turns,
    }
    if timing.answered_at is not None:
        body["answered_at"] = timing.answered_at.isoformat()
    if ending.outcome and not scene.chance(UNCLASSIFIED_SHARE):
        body["outcome"] = ending.outcome
    _adds_consequences(body, scene, ending)
    _adds_cost(body, scene, timing, channel)
    body["metadata"] = _metadata(scene, ending)
    return body


def _agent_mood(scene: Scene, ending: Ending) -> str:
    if ending.mood == "unknown" or not ending.answered:
        return "unknown"
    return scene.rng.choices(("neutral", "positive"), (60, 40))[0]


def _consent(scene: Scene, timing: Timing, channel: str) -> Body:
    if timing.answered_at is None:
        return {"state": "unavailable"}
    if channel == "sms":
        return {"state": "not_required"}
    if scene.chance(0.03):
        return {"state": "unavailable"}
    # The notice is spoken in the greeting; staying on the line is the consent.
    at = timing.answered_at + timedelta(milliseconds=timing.turns[0]["end_ms"] if timing.turns else 0)
    return {"state": "obtained", "method": "verbal", "obtained_at": at.isoformat(timespec="seconds")}


def _adds_consequences(body: Body, scene: Scene, ending: Ending) -> None:
    if ending.booking_at is not None:
        body["booking"] = {"at": ending.booking_at.replace(microsecond=0).isoformat()}
        body["booking"]["reference"] = f"{scene.business.name[0]}{scene.rng.randint(10_000, 99_999)}"
        if ending.booking_notes:
            body["booking"]["notes"] = ending.booking_notes
    if ending.transfer is not None:
        body["transfer"] = {"destination": ending.transfer[0], "result": ending.transfer[1]}
    if ending.follow_up is not None:
        body["follow_up"] = {"note": ending.follow_up}
        if ending.due_at is not None:
            body["follow_up"]["due_at"] = ending.due_at.replace(microsecond=0).isoformat()
    if ending.attention is not None:
        body["attention"] = {"flag": True, "reason": ending.attention}
    if ending.sms_status is not None:
        body["sms_status"] = ending.sms_status
    if ending.email_status is not None:
        body["email_status"] = ending.email_status


def _adds_cost(body: Body, scene: Scene, timing: Timing, channel: str) -> None:
    # Some carriers tell the price later or never: those calls carry none.
    if scene.chance(0.06) or timing.answered_at is None:
        return
    if channel == "sms":
        cents = CENTS_A_TEXT * len(timing.turns)
    else:
        seconds = (timing.ended_at - timing.answered_at).total_seconds()
        cents = max(1, round(CENTS_A_MINUTE * seconds / 60))
    body["cost"] = {"amount_minor": cents, "currency": "AUD"}


def _metadata(scene: Scene, ending: Ending) -> Body:
    data: Body = {"language": "en-AU", "practice": scene.business.name}
    if ending.answered:
        data["recognition_confidence"] = round(scene.rng.uniform(0.86, 0.985), 3)
    if ending.email_status is not None:
        data["sent_to"] = scene.who.email
    if ending.call_type == "recall":
        data["campaign"] = "six-month-recall"
    return data
