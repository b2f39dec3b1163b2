# ruff: noqa: E501, PLR2004 - whole spoken sentences, and shares of a made-up crowd
"""Finding a time that suits: what the book offers, what the caller picks.

Times are local to the practice and on days it is open; what is said and what is booked are the same moment.
"""

from datetime import datetime, timedelta

from aidial.seed.dialogues.scene import Scene
from aidial.seed.spoken import next_open_day, part_of_day, say_day, say_time

SLOT_MINUTES = (0, 0, 10, 15, 20, 30, 30, 40, 45, 50)


def finds_time(scene: Scene, *, soon: bool = False) -> datetime:
    """Offer times until one suits, and return it (local, on an open day)."""
    first, second = _free_times(scene, soon=soon)
    scene.agent(
        f"I've got {_said(scene, first)}, or {_said(scene, second)}. Which would suit you better?",
        f"The next ones I can see are {_said(scene, first)} and {_said(scene, second)}. Would either of those work?",
        f"Let me have a look. There's {_said(scene, first)}, and after that {_said(scene, second)}.",
        f"How does {_said(scene, first)} sound? Otherwise there's {_said(scene, second)}.",
    )
    choice = scene.rng.random()
    if choice < 0.42:
        scene.caller(
            "The first one's good.",
            f"{say_day(first.date(), scene.at.date(), scene.rng).capitalize()} works for me.",
            "Yeah, first one, I'll make that work.",
            "The earlier one, please.",
            "First one's perfect, I'm off that day.",
        )
        return first
    if choice < 0.72:
        scene.caller(
            "Second one, I've got work on the other day.",
            "The second one'd be better with school pick-up.",
            "Could I take the later one, please?",
            f"Let's do {say_time(second, scene.rng)}, the second one.",
            "I'd rather the second.",
        )
        return second
    return _asks_for_another(scene, second)


def _asks_for_another(scene: Scene, after: datetime) -> datetime:
    early = scene.chance(0.5)
    scene.caller(
        *(
            ("Anything first thing in the morning?", "I'd need something before work, if you've got it.")
            if early
            else (
                "Have you got anything in the arvo?",
                "Is there anything later in the day? I finish at three.",
            )
        )
    )
    day = next_open_day(after.date() + timedelta(days=scene.rng.randint(1, 4)), scene.business.open_days)
    hour = scene.business.first_hour if early else scene.business.last_hour - 1
    if day.weekday() >= 5:
        hour = 9
    other = after.replace(
        year=day.year, month=day.month, day=day.day, hour=hour, minute=scene.pick(SLOT_MINUTES)
    )
    scene.agent(
        f"There's one spot, {_said(scene, other)}.",
        f"I can do {_said(scene, other)}.",
        f"Just checking. Yes, {_said(scene, other)} is free.",
    )
    scene.caller(
        "Perfect, lock it in.",
        "Yep, that'll do.",
        "Oh, great, I'll take that.",
        "Beauty, thank you.",
        "That's fine.",
    )
    return other


def _free_times(scene: Scene, *, soon: bool) -> tuple[datetime, datetime]:
    times: list[datetime] = []
    day = scene.at.date() + timedelta(days=1 if soon else scene.rng.randint(1, 9))
    for _ in range(2):
        day = next_open_day(day, scene.business.open_days)
        last = 11 if day.weekday() >= 5 else scene.business.last_hour
        hour = scene.rng.randint(scene.business.first_hour + 1, last)
        times.append(
            scene.at.replace(
                year=day.year,
                month=day.month,
                day=day.day,
                hour=hour,
                minute=scene.pick(SLOT_MINUTES),
                second=0,
            )
        )
        day += timedelta(days=scene.rng.randint(1, 3))
    return times[0], times[1]


def _said(scene: Scene, at: datetime) -> str:
    day, time = say_day(at.date(), scene.at.date(), scene.rng), say_time(at, scene.rng)
    part = f" {part_of_day(at)}" if scene.chance(0.3) and "in the" not in time else ""
    return scene.pick(
        (f"{day} at {time}{part}", f"{time}{part} on {day}" if day[0].isupper() else f"{day} at {time}")
    )


def said_time(scene: Scene, at: datetime) -> str:
    """Say a booked day and time in one breath."""
    return _said(scene, at)
