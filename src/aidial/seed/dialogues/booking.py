# ruff: noqa: D400, D401, E501, PLR2004, RUF100 - stories in whole spoken sentences, with shares of a crowd
"""New bookings: the commonest and the most varied call."""

from aidial.seed.dialogues import beats, slots
from aidial.seed.dialogues.scene import Ending, Mood, Scene
from aidial.seed.spoken import say_number


def new_booking(scene: Scene) -> Ending:
    """Someone wants an appointment."""
    service = scene.pick(scene.business.services)
    existing = scene.chance(0.55)
    beats.opens(scene)
    why = scene.pick(service.why)
    scene.caller(
        f"{beats.hello(scene)}I'd like {service.said}, please.",
        f"{beats.hello(scene)}I was hoping to get {_without_to(service.said)}. {why[0].upper()}{why[1:]}.",
        f"{beats.hello(scene)}I'm after {_without_to(service.said)}. {why[0].upper()}{why[1:]}.",
        f"{beats.hello(scene)}can I book in? {why[0].upper()}{why[1:]}.",
        f"{beats.hello(scene)}just wondering if you've got anything going for a {service.name}.",
    )
    if why[1:9] not in scene.turns[-1][1] and scene.chance(0.75):
        scene.agent(
            "Sure thing. Can you tell me a bit about what's going on?",
            "I can help with that. What's brought it on?",
            "No worries at all. Anything in particular we should know?",
        )
        scene.caller(f"{why[0].upper()}{why[1:]}.", f"Yeah, well, {why}.", f"It's just that {why}.")
    scene.agent(
        "Have you been to see us before?",
        "Are you an existing patient with us?",
        f"Have you been to {scene.business.name} before?",
    )
    scene.caller(
        *(
            ("Yeah, a few times.", "Yep, I've been coming for years.", "I have, yes.")
            if existing
            else ("No, first time.", "Nope, I'm new.", "Not yet, no. A friend recommended you.")
        )
    )
    beats.gives_name(scene, birth_date=existing)
    if ended := beats.abandons(scene, "new_booking"):
        return ended
    _chooses_practitioner(scene)
    when = slots.finds_time(scene)
    beats.aside(scene)
    beats.gives_mobile(scene)
    if scene.chance(0.25):
        scene.caller(
            "And, sorry, how much is it?",
            "What's that going to set me back?",
            "Do you know roughly what it costs?",
        )
        scene.agent(
            f"A {service.name} is {say_number(service.price_dollars)} dollars, and you can claim on the spot with your health fund.",
            f"It's {say_number(service.price_dollars)} dollars before any rebate.",
        )
        scene.caller("Okay, not too bad.", "Right, that's about what I thought.", "Ooh, okay. Fair enough.")
    scene.agent(
        f"You're booked for {slots.said_time(scene, when)}. I've sent a text to confirm.",
        f"All done. That's {slots.said_time(scene, when)}, and you'll get a text in a moment.",
        f"Lovely, I've put you down for {slots.said_time(scene, when)}. Please come ten minutes early"
        + (" to fill in a form." if not existing else "."),
    )
    mood: Mood = scene.rng.choices(("positive", "neutral"), (55, 45))[0]
    beats.closes(scene, mood)
    kind = "Existing" if existing else "New"
    return Ending(
        call_type="new_booking",
        outcome="appointment_booked",
        summary=scene.pick(
            (
                f"{kind} patient booked a {service.name}; confirmation sent by text.",
                f"Booked a {service.name} for {'an existing' if existing else 'a new'} patient on {when:%A}.",
                f"{kind} patient rang for a {service.name} and took a {when:%A} appointment.",
            )
        ),
        mood=mood,
        booking_at=when,
        booking_notes=f"{service.name.capitalize()}, {service.minutes} minutes"
        + ("" if existing else "; new patient form needed"),
        sms_status=beats.text_sent(scene),
    )


def _without_to(said: str) -> str:
    return said if not said.startswith("to ") else f"in {said}"


def _chooses_practitioner(scene: Scene) -> None:
    if not scene.chance(0.4):
        return
    person = scene.pick(scene.business.practitioners)
    scene.agent("Is there anyone you'd prefer to see?", "Do you have a preference for who you see?")
    scene.caller(
        f"{person}, if possible.",
        "Whoever's free first, really.",
        f"I saw {person} last time, so the same again would be good.",
        "I don't mind, as long as they're gentle."
        if scene.dental
        else "Someone who knows running would be great.",
    )
    scene.agent("Okay, let me see what's there.", "No worries, checking the book now.", "Thanks, one moment.")


def family_booking(scene: Scene) -> Ending:
    """A parent books the children in, back to back."""
    child, who = scene.who.child, scene.who
    beats.opens(scene)
    what = "check-ups" if scene.dental else "growing pains, apparently, in both heels"
    scene.caller(
        f"{beats.hello(scene)}I need to book my two in for {what}, one after the other if you can.",
        f"{beats.hello(scene)}it's for the kids, not me. {what.capitalize()}. Can they come in together?",
    )
    scene.agent(
        "Sure, we can do them back to back. What are their names and ages?",
        "Of course. Can I get both names and ages?",
    )
    other = scene.pick(("Archie", "Isla", "Ollie", "Poppy", "Theo", "Matilda"))
    scene.caller(
        f"{child} {who.surname}, {scene.pick(('nine', 'ten', 'eleven'))}, and {other}, who's {scene.pick(('five', 'six', 'seven'))}."
    )
    if scene.dental and scene.chance(0.6):
        scene.caller(
            "And they're on that Medicare kids' dental thing, can you check what's left?",
            "Do you do the Child Dental Benefits thing? I've got the Medicare card here.",
        )
        scene.agent(
            "We do bulk bill that. Could you read me the Medicare card number?",
            "Yes, we do. What's the Medicare number on the card?",
        )
        scene.caller(
            f"It's {who.medicare}, they're numbers {scene.pick(('three and four', 'two and three'))}.",
            f"Medicare number {who.medicare}.",
        )
        scene.agent("Thanks, I've noted it and reception will confirm what's left before the day.")
    when = slots.finds_time(scene)
    beats.gives_mobile(scene)
    scene.agent(
        f"I've booked both for {slots.said_time(scene, when)}, one after the other.",
        f"Both are in, starting {slots.said_time(scene, when)}.",
    )
    beats.closes(scene, "positive")
    return Ending(
        "new_booking",
        "appointment_booked",
        scene.pick(
            (
                "Parent booked two children back to back.",
                f"Two children booked in on {when:%A}; parent gave details for the file.",
            )
        ),
        mood="positive",
        booking_at=when,
        booking_notes="Two children, back to back",
        sms_status=beats.text_sent(scene),
    )
