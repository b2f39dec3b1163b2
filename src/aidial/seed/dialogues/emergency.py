# ruff: noqa: D400, D401, E501, PLR2004, RUF100 - stories in whole spoken sentences, with shares of a crowd
"""Emergencies: the agent gives first aid everybody agrees on, and finds a person or the hospital."""

from dataclasses import dataclass
from datetime import timedelta

from aidial.seed.dialogues import beats, slots
from aidial.seed.dialogues.scene import SATURDAY, Ending, Scene


@dataclass(frozen=True, slots=True)
class Urgency:
    """One kind of emergency: how callers put it, the advice, how they answer, a safe summary."""

    cries: tuple[str, ...]
    advice: tuple[str, ...]
    answers: tuple[str, ...]
    summary: str
    hospital: bool = False


DENTAL = (
    Urgency(
        (
            "my son's knocked his front tooth out, what do I do?",
            "I need help, she's come off the trampoline and her tooth's out, the whole thing.",
            "my boy copped a hockey ball and his tooth's come clean out.",
        ),
        (
            "Okay, stay with me. Is it an adult tooth? Pick it up by the white part, not the root, rinse it for a second in milk, and if you can, hold it back in the socket. Otherwise keep it in milk.",
            "First, find the tooth and hold it by the crown, never the root. Don't scrub it. Put it in a cup of milk. Time matters, so we'll see you within the hour.",
        ),
        (
            "Okay, yep, it's in milk. There's a fair bit of blood.",
            "It's an adult one, yeah. I've got it in a cup of milk now.",
            "He's screaming, I don't think I can put it back in. It's in milk.",
        ),
        "Knocked-out adult tooth; first-aid advice given, seen urgently.",
    ),
    Urgency(
        (
            "my face has blown up like a balloon on one side.",
            "I've woken up with a massive swelling under my jaw.",
            "there's an abscess or something, my cheek's really swollen.",
        ),
        (
            "I'm sorry, that sounds painful. Are you having any trouble breathing or swallowing, or do you have a temperature?",
        ),
        (
            "No, I can swallow. It's just throbbing like mad.",
            "Bit of a temperature, I think, but I can breathe all right.",
            "No, just can't open my mouth very far.",
        ),
        "Facial swelling without breathing trouble; urgent appointment arranged.",
    ),
    Urgency(
        ("I've got swelling in my throat and I can't swallow properly. I had a tooth out two days ago.",),
        (
            "That needs a hospital now, not a dentist. If it's hard to breathe or swallow, please hang up and call triple zero.",
        ),
        ("Okay. My husband's getting the car.", "Right, okay, we're going to emergency now."),
        "Swelling with trouble swallowing; caller was sent to hospital straight away.",
        hospital=True,
    ),
    Urgency(
        (
            "I had a tooth pulled this morning and it won't stop bleeding.",
            "it's still bleeding from the extraction, I've gone through half a box of tissues.",
        ),
        (
            "Fold a clean piece of gauze or a damp tea bag, bite on it firmly for twenty minutes without checking, and stay sitting up. Are you on any blood thinners?",
        ),
        (
            "No, nothing like that. Okay, biting on it now.",
            "Just a bit of aspirin in the mornings.",
            "No. So twenty minutes without looking?",
        ),
        "Bleeding after an extraction; pressure advice given and the dentist told.",
    ),
    Urgency(
        (
            "I've got the worst toothache of my life, I've been up since two.",
            "I'm in agony, Panadol and Nurofen aren't touching it.",
            "half my back tooth's just snapped off and the nerve's hanging out.",
        ),
        (
            "I'm sorry, that sounds awful. I'm marking this as urgent. Is there any swelling, or trouble opening your mouth?",
            "Let's get you seen. On a scale of one to ten, how bad is it right now?",
        ),
        (
            "It's a nine. I can't think straight.",
            "No swelling, just pain. It goes right up to my ear.",
            "I'd say eight. Ten if I breathe in cold air.",
        ),
        "Severe toothache; put in the first emergency appointment.",
    ),
)
PHYSIO = (
    Urgency(
        (
            "my back's completely locked up, I'm on the kitchen floor.",
            "I bent down to tie my shoe and now I can't stand up straight.",
        ),
        (
            "Okay, let's take it gently. Any numbness between the legs, or trouble with your bladder or bowels?",
        ),
        ("No, nothing like that, it's just spasming.", "No. It grabs every time I move, but."),
        "Acute back spasm without warning signs; urgent appointment arranged.",
    ),
    Urgency(
        (
            "I've gone over on my ankle and heard a pop, it's the size of a grapefruit.",
            "he's done his knee at training, it's blown right up.",
        ),
        (
            "Keep it up, ice it for twenty minutes in a towel, and don't walk on it yet. Can you take four steps on it at all?",
        ),
        ("I can hobble, yeah. It's not pretty.", "Just about. He's putting a bit of weight on it."),
        "Acute joint injury, able to bear weight; first-aid advice given and booked in.",
    ),
    Urgency(
        (
            "my calf's swollen and hot since the knee operation, should I be worried?",
            "I've had a sore, swollen calf since I got off the plane from London.",
        ),
        (
            "I don't want to wait on that. A hot, swollen calf can be a clot and needs a doctor today. Please go to emergency, and if you get short of breath call triple zero.",
        ),
        (
            "Oh. Right. Okay, I'll get my daughter to take me now.",
            "Really? Okay. I'll go up to the hospital.",
        ),
        "Hot, swollen calf; caller was sent to hospital the same day.",
        hospital=True,
    ),
)


def emergency(scene: Scene) -> Ending:
    """Something hurts badly, now."""
    case = scene.pick(DENTAL if scene.dental else PHYSIO)
    beats.opens(scene)
    scene.caller(
        *(
            f"{scene.pick(('Hi, ', 'Oh thank God, ', 'Hello? ', 'Hi, it is urgent, ', ''))}{cry}"
            for cry in case.cries
        )
    )
    scene.agent(*case.advice)
    scene.caller(*case.answers)
    if case.hospital:
        scene.agent(
            "Please don't drive yourself. I'll let the practice know so someone checks on you tomorrow. Go now.",
            "You're doing the right thing. I'll leave a note for the practitioner. Please go straight away.",
        )
        return Ending(
            "emergency",
            "emergency_triaged",
            case.summary,
            "escalated",
            "upset",
            "caller_hangup",
            follow_up="Ring to check on the patient",
            due_at=beats.due_next_morning(scene),
            attention="Sent to hospital",
        )
    scene.agent(
        "Can I get your name and a number in case we're cut off?",
        "Quickly, what's your name, and the best number if the line drops?",
    )
    scene.caller(
        f"{scene.who.full_name}, {scene.who.say_mobile(scene.rng)}.",
        f"It's {scene.who.given} {scene.who.surname}, {scene.who.say_mobile(scene.rng)}.",
    )
    if scene.chance(0.5):
        return _put_through(scene, case)
    soon = scene.at + timedelta(hours=2)
    if scene.open_now and soon.hour <= scene.business.last_hour and soon.weekday() != SATURDAY:
        when = soon.replace(minute=0, second=0)
    else:
        when = beats.due_next_morning(scene).replace(hour=scene.business.first_hour, minute=15)
    scene.agent(
        f"I've put you in the emergency spot, {slots.said_time(scene, when)}. If it gets worse before then, go to the nearest emergency department.",
        f"They'll see you {slots.said_time(scene, when)}. Come a few minutes early if you can.",
    )
    scene.caller(
        "Thank you, thank you so much.",
        "Okay. I'll be there.",
        "You've been a huge help, thanks.",
        "Right, we're leaving soon.",
    )
    scene.agent("I'll let them know you're coming. Take care.", "They'll be ready for you. Bye for now.")
    return Ending(
        "emergency",
        "emergency_triaged",
        case.summary,
        mood=scene.rng.choices(("upset", "neutral", "positive"), (45, 25, 30))[0],
        booking_at=when,
        booking_notes="Emergency",
        sms_status=beats.text_sent(scene),
        attention="Emergency" if scene.chance(0.5) else None,
    )


def _put_through(scene: Scene, case: Urgency) -> Ending:
    label = "Reception" if scene.open_now else "On-call practitioner"
    scene.agent(
        "I'm putting you through to someone right now. Stay on the line.",
        "I'll connect you straight away, please hold.",
    )
    scene.system(f"Transferring to {label}.")
    if scene.chance(0.82):
        return Ending(
            "emergency",
            "emergency_triaged",
            case.summary,
            "escalated",
            scene.pick(("upset", "neutral")),
            "transfer",
            transfer=(label, "connected"),
            attention="Emergency",
        )
    scene.system(f"{label} did not answer.")
    scene.agent(
        "They didn't pick up, so I've sent an urgent page and they'll ring you within ten minutes. If anything gets worse, call triple zero."
    )
    scene.caller("Ten minutes? Okay. Please make sure they do.", "All right. I'll keep the phone on me.")
    return Ending(
        "emergency",
        "emergency_triaged",
        f"{case.summary.split(';')[0]}; the transfer was not answered, so a page was sent.",
        "escalated",
        "upset",
        transfer=(label, "no_answer"),
        follow_up="Ring back within ten minutes",
        due_at=scene.at.replace(second=0),
        attention="Emergency transfer not answered",
    )
