# ruff: noqa: D400, D401, E501, PLR2004, RUF100 - stories in whole spoken sentences, with shares of a crowd
"""Questions that need no booking: prices, hours, the way there."""

from aidial.seed.dialogues import beats, slots
from aidial.seed.dialogues.scene import Ending, Mood, Scene
from aidial.seed.spoken import say_number


def price(scene: Scene) -> Ending:
    """What does it cost?"""
    service = scene.pick(scene.business.services)
    dollars = say_number(service.price_dollars)
    beats.opens(scene)
    scene.caller(
        f"{beats.hello(scene)}how much do you charge for a {service.name}?",
        f"{beats.hello(scene)}I'm just ringing round for prices on a {service.name}.",
        f"{beats.hello(scene)}what would a {service.name} cost without a health fund?",
        f"{beats.hello(scene)}can you give me a ballpark for a {service.name}?",
    )
    scene.agent(
        f"A {service.name} is {dollars} dollars and takes about {say_number(service.minutes)} minutes.",
        f"That's {dollars} dollars for the {say_number(service.minutes)}-minute appointment.",
        f"It's {dollars} dollars. If anything else is needed you'd get a written quote first.",
    )
    if scene.chance(0.55):
        scene.caller(
            "Is that with the rebate or before?",
            "And how much would I get back?",
            "Do you do payment plans at all?",
            "Is that the same on a Saturday?",
        )
        asked = scene.turns[-1][1]
        if "payment" in asked:
            scene.agent("Yes, there are interest-free plans for anything over three hundred dollars.")
        elif "Saturday" in asked:
            scene.agent(
                "It is, we don't charge more on weekends."
                if 5 in scene.business.open_days
                else "We're not open Saturdays, but the price is the same every day."
            )
        else:
            scene.agent("That's before any rebate. What you get back depends on your fund and cover.")
        scene.caller("Okay.", "Right, okay.", "Good to know.")
    if scene.chance(0.35):
        scene.agent("Would you like me to book one for you?", "Shall I find you a time?")
        scene.caller("Yeah, why not.", "Go on then, let's do it.", "Yep, might as well while I'm on.")
        beats.gives_name(scene, birth_date=False)
        when = slots.finds_time(scene)
        beats.gives_mobile(scene)
        scene.agent(
            f"Booked, {slots.said_time(scene, when)}.",
            f"That's in the book for {slots.said_time(scene, when)}.",
        )
        beats.closes(scene, "positive")
        return Ending(
            "price_enquiry",
            "appointment_booked",
            f"Caller asked the price of a {service.name} and then booked one.",
            mood="positive",
            booking_at=when,
            booking_notes=f"{service.name.capitalize()}; asked about price",
            sms_status=beats.text_sent(scene),
        )
    dear = scene.chance(0.25)
    scene.caller(
        *(
            (
                "Gee, that's a fair bit more than the other mob quoted me. I'll think about it.",
                "Hmm, that's steep. Leave it with me.",
            )
            if dear
            else (
                "Great, I'll have a think and ring back.",
                "Okay, thanks, I'll talk to my husband.",
                "No worries, I'm just comparing at this stage.",
            )
        )
    )
    beats.closes(scene)
    return Ending(
        "price_enquiry",
        "enquiry_answered",
        f"Caller asked what a {service.name} costs"
        + (" and found it expensive." if dear else " and will think about it."),
    )


def opening_hours(scene: Scene) -> Ending:
    """When are you open?"""
    place = scene.business
    saturday = 5 in place.open_days
    beats.opens(scene)
    question = scene.rng.randrange(4)
    scene.caller(
        beats.hello(scene)
        + (
            "what time are you open till tonight?",
            "are you open on Saturdays?",
            "what are your opening hours?",
            "are you open on the public holiday?",
        )[question]
    )
    scene.agent(
        *(
            (f"We're open {place.hours_said}.", f"Our hours are {place.hours_said}.")
            if question != 1
            else (
                f"{'Yes, we are' if saturday else 'Not on Saturdays, sorry'}. The hours are {place.hours_said}.",
            )
        )
    )
    if question == 3:
        scene.agent("On public holidays we're closed, and messages are answered the next business day.")
    scene.caller(
        "Perfect, that's all I needed.",
        "Righto, ta.",
        "Okay, and do I need an appointment or can I just rock up?",
        "Cool, thanks.",
    )
    if "rock up" in scene.turns[-1][1]:
        scene.agent("Best to book, but if it's urgent ring first thing and they'll try to squeeze you in.")
        scene.caller("Fair enough. Thanks.", "No worries.")
    scene.agent("Thanks for calling.", "No worries, bye for now.", "Any time. Bye.")
    return Ending(
        "opening_hours",
        "enquiry_answered",
        scene.pick(
            (
                "Caller asked about opening hours.",
                "Asked when the practice is open; answered.",
                "Opening hours question, answered in full.",
            )
        ),
    )


def directions(scene: Scene) -> Ending:
    """How do I find you?"""
    place = scene.business
    beats.opens(scene)
    scene.caller(
        f"{beats.hello(scene)}I'm trying to find you, I think I've gone past it.",
        f"{beats.hello(scene)}where exactly are you? The map's sent me to a loading dock.",
        f"{beats.hello(scene)}what's the address there? I've got an appointment shortly.",
        f"{beats.hello(scene)}how do I get to you by public transport?",
    )
    scene.agent(
        f"We're at {place.address}, {place.landmark}.",
        f"The address is {place.address}. Look for us {place.landmark}.",
    )
    scene.caller(
        "Oh, I can see it now.",
        "Right, and where do I park?",
        "Okay, is it far from the train?",
        "I'm coming from the other side. Is there parking?",
    )
    if "park" in scene.turns[-1][1]:
        scene.agent(f"For parking there's {place.parking}." if scene.dental else f"Sure, {place.parking}.")
        scene.caller("Great, thank you.", "Easy done.", "Ah, that's handy.")
    elif "train" in scene.turns[-1][1]:
        scene.agent(f"Not far, {place.transit}.")
        scene.caller("Lovely.", "Too easy, thanks.")
    if scene.chance(0.4):
        scene.caller(
            "Is there a lift? I've got Mum with me and she's on a walker.",
            "Can you text me the address?",
            "Am I right to come in the back way?",
        )
        if "text" in scene.turns[-1][1]:
            beats.gives_mobile(scene)
            scene.agent("Sent. See you soon.")
        else:
            scene.agent(
                "Yes, there's a ramp at the side and a lift inside.",
                "The main door's easiest, there's no step.",
            )
    mood: Mood = "positive" if scene.chance(0.4) else "neutral"
    beats.closes(scene, mood)
    return Ending(
        "directions",
        "enquiry_answered",
        scene.pick(
            (
                "Caller needed help finding the practice.",
                "Gave directions and parking information.",
                "Explained how to get here.",
            )
        ),
        mood=mood,
    )
