# ruff: noqa: D400, D401, E501, PLR2004, RUF100 - stories in whole spoken sentences, with shares of a crowd
"""Calls the practice places: reminders, recalls of patients who are due, and voicemail."""

from datetime import timedelta

from aidial.seed.dialogues import beats, slots
from aidial.seed.dialogues.scene import Ending, Scene
from aidial.seed.spoken import next_open_day


def reminder(scene: Scene) -> Ending:
    """Reminds somebody of an appointment."""
    day = next_open_day(scene.at.date() + timedelta(days=scene.rng.randint(1, 2)), scene.business.open_days)
    when = scene.at.replace(
        year=day.year,
        month=day.month,
        day=day.day,
        hour=scene.rng.randint(9, 11),
        minute=scene.pick(slots.SLOT_MINUTES),
        second=0,
    )
    said, practice = slots.said_time(scene, when), scene.business.name
    scene.caller(
        "Hello?",
        f"{scene.who.given} speaking.",
        "Yep?",
        "Hi, who's this?",
        "Hello, this is " + scene.who.given + ".",
    )
    scene.agent(
        f"Hi {scene.who.given}, it's {scene.project.agent_name}, the virtual assistant at {practice}. The call's recorded. I'm ringing to remind you of your appointment {said}. Can you still make it?"
    )
    choice = scene.rng.random()
    if choice < 0.68:
        scene.caller(
            "Yeah, I'll be there.",
            "Yep, all good, see you then.",
            "Oh, thanks for reminding me, I'd clean forgotten. Yes.",
            "Yes, I've got it in the calendar.",
            "That's right, I'm coming.",
        )
        beats.aside(scene)
        scene.agent(
            "Great, you're confirmed. See you then.",
            "Wonderful, we'll see you then. Bye.",
            "Perfect. Thanks, bye for now.",
        )
        return Ending(
            "reminder",
            "appointment_confirmed",
            scene.pick(
                ("Patient confirmed the appointment.", "Reminder call; the appointment is confirmed.")
            ),
            mood=scene.pick(("positive", "neutral")),
            end_reason=scene.pick(("agent_hangup", "caller_hangup")),
            booking_at=when,
            booking_notes="Confirmed by phone",
        )
    if choice < 0.86:
        scene.caller(
            "Oh no, is that this week? I can't, can we move it?",
            "Actually I was about to ring you. I need another day.",
            "Ah, bugger. Can I push it back?",
        )
        scene.agent("No problem, let's find another time.", "Of course.")
        other = slots.finds_time(scene)
        scene.agent(
            f"All moved, {slots.said_time(scene, other)}.",
            f"You're now in for {slots.said_time(scene, other)}.",
        )
        scene.caller("You're a legend, thanks.", "Great, thanks. Bye.")
        return Ending(
            "reminder",
            "appointment_rescheduled",
            "Reminder call; the patient moved the appointment.",
            mood="positive",
            booking_at=other,
            booking_notes="Moved on the reminder call",
            sms_status=beats.text_sent(scene),
        )
    scene.caller(
        "I've already cancelled that, I'm sure I told someone.",
        "No, sorry, can you cancel it? I've gone elsewhere.",
    )
    scene.agent("I'm sorry about that. I'll make sure it's cancelled.", "Understood, I've cancelled it.")
    scene.caller("Thanks.", "Okay, bye.")
    return Ending(
        "reminder", "appointment_cancelled", "Reminder call; the patient no longer wants the appointment."
    )


def recall(scene: Scene) -> Ending:
    """Invites somebody who is due."""
    what = "a check-up and clean" if scene.dental else "a review with your physio"
    scene.caller("Hello?", "Yes, hello?", f"{scene.who.given} here.", "Hi.")
    scene.agent(
        f"Hi, is that {scene.who.given}? It's {scene.project.agent_name}, the virtual assistant at {scene.business.name}. This call is recorded. You're due for {what}, and I wondered if you'd like to book. If it's a bad time I can call back."
    )
    choice = scene.rng.random()
    if choice < 0.45:
        scene.caller(
            "Oh, yeah, go on then.",
            "I suppose I am, aren't I? Okay.",
            "Sure, what have you got?",
            "Has it been six months already? All right.",
        )
        when = slots.finds_time(scene)
        scene.agent(
            f"Booked, {slots.said_time(scene, when)}. I'll text you.",
            f"Lovely, {slots.said_time(scene, when)} it is.",
        )
        scene.caller("Thanks for chasing me up.", "Cheers, bye.", "Great. Bye.")
        return Ending(
            "recall",
            "appointment_booked",
            "Recall call; the patient booked.",
            mood="positive",
            booking_at=when,
            booking_notes="Recall",
            sms_status=beats.text_sent(scene),
        )
    if choice < 0.8:
        scene.caller(
            "Not a great time, I'm at work. Can you ring next week?",
            "I'm on the train, sorry. Can you try me Thursday?",
            "Look, money's a bit tight. Maybe after Christmas.",
            "I'm just walking into a meeting.",
        )
        scene.agent("Of course. I'll make a note.", "No problem at all. We'll try again. Bye.")
        return Ending(
            "recall",
            "call_back_later",
            "Recall call; the patient asked to be rung another time.",
            "follow_up_required",
            follow_up="Try the recall again",
            due_at=beats.due_next_morning(scene) + timedelta(days=5),
            end_reason="agent_hangup",
        )
    scene.caller(
        "How did you get this number? Take me off the list, please.",
        "I've moved to Perth, mate. You can take me off.",
        "I don't want these calls any more, thanks.",
    )
    scene.agent(
        "I'm sorry to have bothered you. I've taken you off the list. Goodbye.",
        "Done, you won't get another one. Sorry to trouble you.",
    )
    return Ending(
        "recall",
        "do_not_call",
        "Recall call; the patient asked not to be called again.",
        mood=scene.pick(("upset", "neutral")),
        end_reason="agent_hangup",
        attention="Asked not to be called",
    )


def voicemail(scene: Scene) -> Ending:
    """Nobody picks up: a short message, without anything private in it."""
    if scene.chance(0.35):
        return Ending(
            "reminder",
            None,
            "Outbound call was not answered.",
            "unresolved",
            "unknown",
            "missed",
            answered=False,
        )
    scene.system("A message bank answered.")
    number = scene.project.number
    scene.agent(
        f"Hi {scene.who.given}, it's {scene.project.agent_name} from {scene.business.name} about an appointment. Please ring us on {written(number)} when you have a moment. Thanks.",
        f"Hello, this is a message for {scene.who.given} from {scene.business.name}. Could you call us back on {written(number)}? Thank you.",
    )
    return Ending(
        "reminder",
        "voicemail_left",
        "Outbound call reached a message bank; a short message was left.",
        "follow_up_required",
        "unknown",
        "missed",
        answered=False,
        follow_up="Try again",
        due_at=beats.due_next_morning(scene),
    )


def written(e164: str) -> str:
    """Write an Australian landline as people do: "+61255501820" is "02 5550 1820"."""
    national = f"0{e164.removeprefix('+61')}"
    return f"{national[:2]} {national[2:6]} {national[6:]}"
