# ruff: noqa: D400, D401, E501, PLR2004, RUF100 - stories in whole spoken sentences, with shares of a crowd
"""Calls that were never for the practice, and calls that go nowhere."""

from aidial.seed.dialogues import beats
from aidial.seed.dialogues.scene import Ending, Scene

SAMPLE_ABN = "51 824 753 556"  # the tax office's own worked example


def wrong_number(scene: Scene) -> Ending:
    """They wanted someone else."""
    wanted = scene.pick(
        (
            "the council",
            "Tony's Pizza",
            "the vet",
            "Doctor Lau's surgery",
            "Sharon",
            "the RSL",
            "the tyre place",
            "my son",
            "the pharmacy",
            "the library",
            "Kmart",
        )
    )
    beats.opens(scene)
    scene.caller(
        f"Oh, is that {wanted}?",
        f"Hello? I'm after {wanted}.",
        f"Hi, can I order a, oh, hang on, is this not {wanted}?",
        f"Is {wanted} there?",
    )
    scene.agent(
        f"No, this is {scene.business.name}. You may have the wrong number.",
        f"I'm afraid you've reached {scene.business.name}.",
    )
    scene.caller(
        "Oh, sorry, love. Wrong number.",
        "Ah, my mistake. Sorry to bother you.",
        "Whoops. Sorry.",
        "Really? That's the number on the website. Never mind.",
        "Oh. What's their number then? No, don't worry.",
    )
    if scene.chance(0.6):
        scene.agent("No worries. Bye.", "That's all right. Have a good day.", "Not a problem.")
    return Ending(
        "wrong_number",
        "wrong_number",
        scene.pick(
            (
                "Wrong number.",
                f"Caller was looking for {wanted}."
                if wanted not in {"Sharon", "my son"}
                else "Caller was looking for somebody else.",
            )
        ),
    )


def sales(scene: Scene) -> Ending:
    """Somebody sells something."""
    firm, pitch = scene.pick(
        (
            ("Brightleaf Energy", "a better rate on your business electricity"),
            ("Local Rank", "getting you to the top of the search results"),
            ("Penguin Print", "fridge magnets and appointment cards"),
            ("Cobalt Payments", "cutting your EFTPOS fees"),
            ("Southern Waste", "your clinical waste contract"),
            (
                "ToothCo Supplies" if scene.dental else "FlexiBand Supplies",
                "our end-of-quarter specials on gloves",
            ),
            ("Summit Finance", "equipment finance, fully tax deductible"),
        )
    )
    name = scene.pick(("Brad", "Chantelle", "Nathan", "Divya", "Toby"))
    beats.opens(scene)
    scene.caller(
        f"Hi there, it's {name} from {firm}, how's your day going? I'm looking for the person who handles {pitch}.",
        f"G'day, {name} here from {firm}. Is the owner about? It's about {pitch}.",
        f"Hi, I'm calling from {firm} regarding {pitch}. Who'd be the best person to chat to?",
    )
    scene.agent(
        "Thanks, but the practice doesn't take sales calls on this line. You're welcome to send something in writing.",
        "I can't put sales calls through. I can note your details if you'd like.",
    )
    if scene.chance(0.6):
        scene.caller(
            "It'll only take two minutes, I promise.",
            "They've actually asked me to call back.",
            "I spoke to the manager last month and she was very keen.",
            f"No worries, our ABN's {SAMPLE_ABN} if they want to look us up.",
        )
        scene.agent(
            "I understand, but I can only take a message.", "I'll pass that on. I can't transfer you, sorry."
        )
    if scene.chance(0.5):
        mail = f"{name.lower()}@{firm.split()[0].lower()}.example"
        scene.caller(f"Can you give them my e-mail? It's {mail}.", f"Okay, they can reach me at {mail}.")
        scene.agent("Noted, thank you. Goodbye.", "Thanks, I've written that down. Bye.")
        return Ending(
            "sales_call", "sales_call", f"Sales call about {pitch}; details noted.", end_reason="agent_hangup"
        )
    scene.caller("All right, I'll try again another time.", "Fine. Bye.")
    return Ending("sales_call", "sales_call", f"Sales call about {pitch}; declined.")


def silence(scene: Scene) -> Ending:
    """Nobody speaks, or only for a moment."""
    beats.opens(scene)
    if scene.chance(0.5):
        scene.caller(
            "Hello? Hello?",
            "Oh, it's a machine.",
            "Um.",
            "Nah.",
            "Sorry, pocket dial.",
            "Oh, never mind.",
            "Hello? Can you... no.",
        )
        return Ending(
            "abandoned",
            None,
            "Caller hung up straight after the greeting.",
            "unresolved",
            "unknown" if scene.chance(0.6) else "neutral",
        )
    scene.agent("Are you still there?", "I can't hear anything. Are you there?")
    scene.agent(
        "I'll hang up now. Please ring back when the line is better.",
        "There's no sound from your end, so I'll let you go. Bye.",
    )
    return Ending(
        "abandoned", None, "No speech was heard after the greeting.", "unresolved", "unknown", "agent_hangup"
    )


def missed(scene: Scene) -> Ending:
    """The caller gave up while it rang, or left a message on the mailbox."""
    if scene.chance(0.3):
        scene.system("The call was not answered and went to the message bank.")
        scene.caller(
            f"Hi, it's {scene.who.full_name}, could someone ring me on {scene.who.say_mobile(scene.rng)}? Thanks.",
            f"Yeah, hi, just after an appointment. {scene.who.given}, {scene.who.say_mobile(scene.rng)}. Cheers.",
            "Hello? Hello? Oh, it's gone to a machine.",
            f"It's {scene.who.given} ringing about this afternoon. I'll try again shortly.",
        )
        return Ending(
            "voicemail",
            None,
            "Not answered; the caller left a message.",
            "follow_up_required",
            "unknown",
            "missed",
            follow_up="Listen to the message and ring back",
            due_at=beats.due_next_morning(scene),
            answered=False,
        )
    return Ending(
        "missed_call",
        None,
        "Caller rang off before the call was answered.",
        "unresolved",
        "unknown",
        "missed",
        answered=False,
        attention="Missed in opening hours" if scene.open_now and scene.chance(0.25) else None,
    )


def failed(scene: Scene) -> Ending:
    """The line or the agent broke."""
    if scene.chance(0.45):
        beats.opens(scene)
        scene.caller(
            f"{beats.hello(scene)}I'd like to book, hello?",
            "Hi, can you hear me? It's very echoey.",
            f"{beats.hello(scene)}I wanted to ask about my, sorry, you're breaking up.",
        )
        scene.system(
            scene.pick(
                (
                    "The call was lost: no audio from the carrier.",
                    "The connection to the phone network dropped.",
                )
            )
        )
        return Ending(
            "failed_call",
            None,
            "The connection dropped before the caller could say why they rang.",
            "unresolved",
            "unknown",
            "failed",
            attention="Call dropped",
        )
    return Ending(
        "failed_call",
        None,
        "The call could not be connected.",
        "unresolved",
        "unknown",
        "failed",
        answered=False,
    )
