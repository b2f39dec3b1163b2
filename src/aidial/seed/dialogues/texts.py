# ruff: noqa: D400, D401, E501, PLR2004, RUF100 - stories in whole spoken sentences, with shares of a crowd
"""Conversations by text message: short, lower case, no hesitation."""

from datetime import datetime, timedelta

from aidial.seed.dialogues import beats, slots
from aidial.seed.dialogues.scene import Ending, Scene
from aidial.seed.spoken import next_open_day


def confirmation_text(scene: Scene) -> Ending:
    """A reminder by text and what comes back."""
    day = next_open_day(scene.at.date() + timedelta(days=scene.rng.randint(1, 3)), scene.business.open_days)
    when = scene.at.replace(
        year=day.year,
        month=day.month,
        day=day.day,
        hour=scene.rng.randint(9, 11),
        minute=scene.pick(slots.SLOT_MINUTES),
        second=0,
    )
    scene.agent(
        f"Hi {scene.who.given}, a reminder of your appointment at {scene.business.name} on {when:%a} {when.day} {when:%b} at {clock(when)}. Reply YES to confirm or CHANGE for another time."
    )
    if scene.chance(0.72):
        _writes(
            scene,
            "YES",
            "yes",
            "Yes thanks",
            "yep c u then",
            "Yes please",
            "Y",
            "YES. Running from school drop off so might be 5 late",
            "Confirmed",
        )
        scene.agent(
            "Thanks, you're confirmed. See you then.", "Confirmed, thank you.", "Great, see you soon."
        )
        return Ending(
            "reminder",
            "appointment_confirmed",
            "Patient confirmed by text.",
            booking_at=when,
            booking_notes="Confirmed by text",
            sms_status="delivered",
        )
    _writes(
        scene,
        "CHANGE",
        "change pls",
        "Can't make it sorry, can i move to next week?",
        "Hi, need to CHANGE, kids are sick",
        f"wrong person? this is {scene.who.mobile} and I'm not {scene.who.given}",
    )
    if "wrong person" in scene.turns[-1][1]:
        scene.agent("Sorry about that. We've removed this number.")
        return Ending(
            "wrong_number",
            "wrong_number",
            "A reminder text went to the wrong person.",
            attention="Wrong number on file",
            sms_status="delivered",
        )
    other = when + timedelta(days=7)
    scene.agent(
        f"No problem. Would {other:%A} {other.day} {other:%b} at {clock(other)} suit?",
        f"Sure. We have {other:%a} {other.day} {other:%b}, {clock(other)}. OK?",
    )
    _writes(scene, "Yes thx", "perfect", "ok", "That works, thank you", "yep")
    scene.agent("Done, see you then.", f"Moved to {other:%a} {other.day} {other:%b} at {clock(other)}.")
    return Ending(
        "reschedule",
        "appointment_rescheduled",
        "Patient moved an appointment by text.",
        mood="positive",
        booking_at=other,
        booking_notes="Moved by text",
        sms_status="delivered",
    )


def question_text(scene: Scene) -> Ending:
    """A question by text."""
    place, who = scene.business, scene.who
    question = scene.rng.randrange(4)
    if question == 0:
        _writes(
            scene, "Hi what's your address?", "where are you guys exactly", "Hi can u send me the address pls"
        )
        scene.agent(f"{place.address}, {place.landmark}. Parking: {place.parking}.")
    elif question == 1:
        _writes(scene, "Are you open saturday", "Hi, what time do you close today?", "opening hours?")
        scene.agent(f"We're open {place.hours_said}.")
    elif question == 2:
        _writes(
            scene,
            f"Hi can you email my receipt to {who.email} thanks {who.given}",
            f"Pls send invoice to {who.email}. {who.full_name}",
        )
        scene.agent("Thanks, we've asked reception to send it today.", "Will do. You'll have it by tomorrow.")
        return Ending(
            "account",
            "message_taken",
            "Patient asked by text for a receipt.",
            "follow_up_required",
            follow_up="E-mail the receipt",
            due_at=beats.due_next_morning(scene),
            sms_status="delivered",
            email_status=scene.pick(("delivered", "sent", "failed")),
        )
    else:
        _writes(
            scene,
            "how much is a checkup",
            f"Hi, how much for a {place.services[0].name}?",
            "whats the gap for bupa",
        )
        scene.agent(
            f"A {place.services[0].name} is ${place.services[0].price_dollars}. You can claim on the spot with HICAPS."
        )
    _writes(scene, "thanks", "Thx", "ok ta", "Great thank you", "👍", "cheers")
    return Ending(
        "enquiry",
        "enquiry_answered",
        scene.pick(("Question by text, answered.", "Patient asked a quick question by text.")),
        sms_status="delivered",
    )


def _writes(scene: Scene, *variants: str) -> None:
    # Typed, not spoken: the caller's hesitation has no place here.
    scene.turns.append(("caller", scene.pick(variants)))


def clock(at: datetime) -> str:
    """Write a time as a text message does: "2:15pm"."""
    return f"{at.hour % 12 or 12}:{at.minute:02d}{'am' if at.hour < beats.NOON else 'pm'}"
