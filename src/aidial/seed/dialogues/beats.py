# ruff: noqa: D400, D401, E501, PLR2004, RUF100 - stories in whole spoken sentences, with shares of a crowd
"""Small exchanges every theme shares: greeting, name, mobile, finding a time, goodbye.

Names and numbers are said here in full on purpose: the product redacts them, and the demo shows that it does.
"""

from datetime import datetime, timedelta

from aidial.seed.dialogues.scene import Ending, Mood, Scene
from aidial.seed.spoken import next_open_day, say_birth_date

NOON = 12
_FOR_TEXT = ("Can I take a mobile number for the confirmation?", "Which mobile should I send the text to?")
_FOR_CALL = ("What number should they ring you on?", "Which number's best for the call back?")


def opens(scene: Scene) -> None:
    """Answer with the line's own greeting, always the same words, and the recording notice."""
    daytime = "Good morning" if scene.at.hour < NOON else "Good afternoon"
    if scene.after_hours:
        scene.agent(
            f"Thanks for calling {scene.business.name}. The practice is closed right now. I'm "
            f"{scene.project.agent_name}, the virtual assistant, and this call is recorded. How can I help?"
        )
    else:
        scene.agent(
            f"{daytime}, {scene.business.name}, you're speaking with {scene.project.agent_name}, the virtual "
            "receptionist. Calls are recorded so we can look after you properly. How can I help today?"
        )


def hello(scene: Scene) -> str:
    """Start the caller's first sentence; may give the first name."""
    given = scene.who.given
    return scene.pick(
        (
            "Hi, ",
            "Oh hi, ",
            "Hello, ",
            "Yeah, hi, ",
            f"Hi, it's {given} here, ",
            f"Hi {scene.project.agent_name}, ",
            "G'day, ",
            "Oh, hello, am I talking to a person? Doesn't matter, ",
            f"Hey, how are you, this is {given}, ",
            "Hi there, ",
            "",
        )
    )


def gives_name(scene: Scene, *, birth_date: bool) -> None:
    """Ask for the full name and, from existing patients, the date of birth."""
    who, also = scene.who, " and date of birth" if birth_date else ""
    known = "Okay, let me find you." if birth_date else "Okay, easy."
    scene.agent(
        f"Sure. Can I get your full name{also}?",
        f"Happy to help with that. What's your full name{also}?",
        f"No worries. I'll just need your full name{also}, please.",
        f"{known} Your full name{also}?",
        f"Of course. Could I have your name{also} to start with?",
    )
    said = scene.pick((who.full_name, f"It's {who.full_name}", f"{who.full_name}, {who.spelt_surname}"))
    if birth_date:
        born = say_birth_date(who.born, scene.rng)
        said += scene.pick((f", date of birth {born}", f" and my date of birth is {born}", f", born {born}"))
    scene.caller(f"{said}.")
    if not birth_date and scene.chance(0.35):
        scene.agent("Could you spell the surname for me?", "And how do you spell your last name?")
        scene.caller(
            f"{who.spelt_surname}.",
            f"Yep, {who.spelt_surname}.",
            f"It's {who.spelt_surname}, same as it sounds.",
        )


def gives_mobile(scene: Scene, *, for_text: bool = True) -> None:
    """Ask for a mobile, for a text or to be rung on, and sometimes read it back."""
    scene.agent(
        "And the best mobile to reach you on?",
        "What's a good mobile number for you?",
        *(_FOR_TEXT if for_text else _FOR_CALL),
    )
    number = scene.who.say_mobile(scene.rng)
    scene.caller(
        f"{number}.", f"It's {number}.", f"Yep, {number}.", f"My mobile's {number}.", f"Use {number}, thanks."
    )
    if scene.chance(0.4):
        scene.agent(
            f"So that's {scene.who.mobile}, is that right?",
            f"I'll read that back: {scene.who.mobile}. Correct?",
            f"{scene.who.mobile}, got it. Did I hear that right?",
        )
        scene.caller("That's the one.", "Yep.", "Correct.", "Yeah, that's right.", "Spot on.")


def gives_email(scene: Scene) -> None:
    """Ask where to send something by e-mail."""
    scene.agent(
        "What's the best e-mail address for that?",
        "Sure, which e-mail address should I send it to?",
        "And your e-mail address?",
    )
    scene.caller(
        f"{scene.who.email}.",
        f"It's {scene.who.email}, all lower case.",
        f"Send it to {scene.who.email}, please.",
        f"Um, probably {scene.who.email}, I check that one more.",
    )


def aside(scene: Scene) -> None:
    """Now and then, something happens that has nothing to do with the matter."""
    if not scene.chance(0.14):
        return
    kind = scene.rng.randrange(4)
    if kind == 0:
        scene.caller(
            "Sorry, hang on a tick, the dog's going off at the postie.",
            "Hang on. No, put that down, darling. Sorry about that.",
        )
        scene.agent("No rush at all, take your time.", "All good, I'm still here.")
        scene.caller("Okay, I'm back.", "Right, where were we?", "Sorry, go on.")
    elif kind == 1:
        scene.agent("Sorry, you dropped out for a second there. Could you say that again?")
        scene.caller(
            "Yeah, I'm driving, the reception's shocking along here. I said that's fine.",
            "Can you hear me now? I said yes.",
        )
        scene.agent("That's better, thank you.", "Got you now, thanks.")
    elif kind == 2:
        scene.caller(
            "And is there parking? Last time I went round the block about four times.",
            "What's the parking like?",
        )
        scene.agent(
            f"There's {scene.business.parking}." if scene.dental else f"Yes, {scene.business.parking}."
        )
        scene.caller("Oh, good to know.", "Lovely.", "Great, thanks.")
    else:
        scene.caller("Are you a robot, by the way? You're quite good.", "You're not a real person, are you?")
        scene.agent(
            f"I'm {scene.project.agent_name}, a virtual receptionist, so no, not a person. I can put you through to one if you'd like."
        )
        scene.caller(
            "No, no, you're doing fine.",
            "Nah, that's all right, just wondering.",
            "Ha, fair enough. Keep going.",
        )


def closes(scene: Scene, mood: Mood = "neutral") -> None:
    """Ask whether there is anything else, and say goodbye in keeping with the mood."""
    if scene.chance(0.6):
        scene.agent(
            "Is there anything else I can help with?",
            "Anything else today?",
            "Was there anything else?",
            "Anything else I can do for you?",
        )
        if mood == "positive":
            scene.caller(
                "No, that's been really easy, thank you so much.",
                "Nah, you've been terrific, cheers.",
                "That's everything, you're a legend. Thanks.",
                "No, that's great, thanks heaps.",
                "No, all sorted. Thanks, have a good one.",
            )
        elif mood == "upset":
            scene.caller(
                "No. Just get someone to ring me.",
                "No, that'll do.",
                "Not really, no.",
                "I'd have liked it sorted today, but no.",
            )
        else:
            scene.caller(
                "No, that's it, thanks.",
                "Nah, that's all.",
                "No, I think that's everything.",
                "That's all for now, ta.",
                "No thank you.",
            )
    elif mood == "positive":
        scene.caller(
            "Wonderful, thanks for your help.",
            "Brilliant, thank you.",
            "Too easy, thanks heaps.",
            "Ah, you're a lifesaver, thank you.",
        )
    elif mood == "upset":
        scene.caller(
            "Right. Well, I'll be waiting for the call.", "Fine.", "Okay. I'm not happy about it, but okay."
        )
    else:
        scene.caller(
            "Okay, thanks.", "Righto, thank you.", "Cheers.", "No worries, bye.", "All right, thanks. Bye."
        )
    scene.agent(
        "Thanks for calling, take care.",
        "No worries, have a lovely day.",
        "You're welcome. Bye for now.",
        f"Thanks for calling {scene.business.name}. Goodbye.",
        "Thank you. We'll see you soon." if mood != "upset" else "Thank you for letting us know. Goodbye.",
    )


def abandons(scene: Scene, call_type: str, share: float = 0.04) -> Ending | None:
    """Some callers hang up half-way. Returns the ending when this one does."""
    if not scene.chance(share):
        return None
    scene.caller(
        "Actually, don't worry, someone's at the door. I'll ring back.",
        "Sorry, that's my boss, I've got to go.",
        "You know what, leave it, I'll call back later.",
        "Hang on, I've got another call coming.",
    )
    return Ending(
        call_type,
        None,
        "Caller ended the call before the matter was settled and said they would ring back.",
        "unresolved",
    )


def due_next_morning(scene: Scene) -> datetime:
    """When someone should call back: the next open morning."""
    day = next_open_day(scene.at.date() + timedelta(days=1), scene.business.open_days)
    return scene.at.replace(
        year=day.year, month=day.month, day=day.day, hour=scene.business.first_hour + 1, minute=0, second=0
    )


def text_sent(scene: Scene) -> str:
    """Say how the confirmation text fared."""
    return scene.rng.choices(("delivered", "sent", "failed"), (92, 6, 2))[0]
