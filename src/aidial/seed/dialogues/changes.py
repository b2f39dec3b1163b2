# ruff: noqa: D400, D401, E501, PLR2004, RUF100 - stories in whole spoken sentences, with shares of a crowd
"""Moving and cancelling appointments."""

from datetime import timedelta

from aidial.seed.dialogues import beats, slots
from aidial.seed.dialogues.scene import Ending, Mood, Scene
from aidial.seed.spoken import next_open_day, say_day

REASONS = (
    "work's put me on a different roster",
    "my little one's come down with something",
    "I've tested positive, unfortunately",
    "I've got a funeral that day",
    "the car's in the shop",
    "I completely forgot it's school sports day",
    "my flight back got moved",
    "something's come up at work",
    "we've got a tradie coming and he won't give me a time",
    "I'm flat out this week",
    "jury duty, believe it or not",
    "my lift's fallen through",
)


def reschedule(scene: Scene) -> Ending:
    """Someone needs another time."""
    day = next_open_day(scene.at.date() + timedelta(days=scene.rng.randint(1, 6)), scene.business.open_days)
    said, reason = say_day(day, scene.at.date(), scene.rng), scene.pick(REASONS)
    beats.opens(scene)
    scene.caller(
        f"{beats.hello(scene)}I've got an appointment {said} and I need to move it, {reason}.",
        f"{beats.hello(scene)}any chance I can shift my appointment? It's {said}.",
        f"{beats.hello(scene)}I can't make it {said}, {reason}. Can we do another day?",
        f"{beats.hello(scene)}I'm booked in {said} but {reason}.",
    )
    beats.gives_name(scene, birth_date=True)
    who = scene.pick(scene.business.practitioners)
    scene.agent(
        f"Thanks {scene.who.given}. I can see you with {who} {said}. Let's find another time.",
        f"Found it, {said} with {who}. When would suit you instead?",
        f"Got it here, thanks. That's with {who}, {said}.",
    )
    if scene.turns[-1][1].endswith("instead?"):
        scene.caller(
            "Next week some time, ideally.",
            "The sooner the better, really.",
            "Any day but Wednesday.",
            "Late in the week, if you can.",
        )
    when = slots.finds_time(scene)
    beats.aside(scene)
    scene.agent(
        f"Done. I've moved you to {slots.said_time(scene, when)} and the old time's been released.",
        f"You're all set for {slots.said_time(scene, when)}. I'll text you the new time.",
        f"That's changed to {slots.said_time(scene, when)}.",
    )
    mood: Mood = scene.rng.choices(("positive", "neutral"), (45, 55))[0]
    beats.closes(scene, mood)
    return Ending(
        "reschedule",
        "appointment_rescheduled",
        scene.pick(
            (
                f"Patient moved an appointment to {when:%A}.",
                "Patient rescheduled; the old time was released.",
                f"Appointment with {who.split(',')[0]} moved at the patient's request.",
            )
        ),
        mood=mood,
        booking_at=when,
        booking_notes=f"Moved from {day:%A}",
        sms_status=beats.text_sent(scene),
    )


def cancel(scene: Scene) -> Ending:
    """Someone cancels, on time or too late."""
    late = scene.chance(0.3)
    day = (
        scene.at.date() + timedelta(days=1)
        if late
        else scene.at.date() + timedelta(days=scene.rng.randint(3, 12))
    )
    day = next_open_day(day, scene.business.open_days)
    said, reason = say_day(day, scene.at.date(), scene.rng), scene.pick(REASONS)
    beats.opens(scene)
    scene.caller(
        f"{beats.hello(scene)}I need to cancel my appointment {said}.",
        f"{beats.hello(scene)}I'm not going to make it {said}, {reason}.",
        f"{beats.hello(scene)}can you take me out of the book for {said}? {reason[0].upper()}{reason[1:]}.",
    )
    beats.gives_name(scene, birth_date=True)
    scene.agent(
        f"Thanks, I can see it. Would you like to move it to another day instead, {scene.who.given}?",
        "I've found it. Shall I look for another time, or cancel it altogether?",
    )
    scene.caller(
        "No, just cancel it, I'll ring when I know what I'm doing.",
        "Just cancel for now, thanks.",
        "Nah, leave it. I'll call back in a few weeks.",
        "Cancel it, please. I've found somewhere closer to work, to be honest.",
    )
    mood: Mood = "neutral"
    if late:
        scene.agent(
            "I can do that. As it's less than a day away our policy is a fifty dollar late fee, but I'll pass on your reason and reception will decide."
        )
        mood = "upset" if scene.chance(0.4) else "neutral"
        scene.caller(
            *(
                ("Fifty dollars? I'm ringing you the day before.", "That's a bit rough, I couldn't help it.")
                if mood == "upset"
                else ("Yeah, that's fair enough.", "Okay. I understand.")
            )
        )
    scene.agent(
        "That's cancelled for you, and I've sent a text to confirm.",
        "All cancelled. Give us a ring when you'd like to come in.",
        "Okay, that time's been released.",
    )
    beats.closes(scene, mood)
    return Ending(
        "cancellation",
        "appointment_cancelled",
        "Patient cancelled "
        + (
            "within a day of the appointment; late fee to be decided by reception."
            if late
            else scene.pick(
                (
                    "and will ring to book again.",
                    "and did not want another time.",
                    "an appointment later this month; the time was released.",
                )
            )
        ),
        mood=mood,
        follow_up="Decide on the late fee" if late else None,
        due_at=beats.due_next_morning(scene) if late else None,
        sms_status=beats.text_sent(scene),
    )


def running_late(scene: Scene) -> Ending:
    """Someone is stuck on the way."""
    beats.opens(scene)
    minutes = scene.pick(("ten", "fifteen", "twenty", "five"))
    scene.caller(
        f"{beats.hello(scene)}I'm stuck in traffic, I'll be about {minutes} minutes late for my appointment.",
        f"{beats.hello(scene)}just letting you know I'm running {minutes} minutes behind, the trains are a mess.",
        f"{beats.hello(scene)}I'm on my way but there's been a prang on the main road. Maybe {minutes} minutes?",
    )
    beats.gives_name(scene, birth_date=False)
    okay = minutes != "twenty"
    scene.agent(
        *(
            (
                "Thanks for letting us know. I've told the team, drive safely.",
                f"No worries, {scene.who.given}, they'll hold it for you.",
            )
            if okay
            else (
                "Thanks for the call. With twenty minutes they may need to shorten it, I've let them know you're coming.",
            )
        )
    )
    scene.caller("Ta, see you soon.", "Thanks, sorry about that.", "Cheers, I'll be as quick as I can.")
    return Ending(
        "running_late",
        "message_taken",
        f"Patient is running about {minutes} minutes late; the team was told.",
    )
