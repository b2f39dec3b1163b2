# ruff: noqa: D400, D401, E501, PLR2004, RUF100 - stories in whole spoken sentences, with shares of a crowd
"""Calls that end with a person: transfers, messages, accounts and changed details, complaints."""

from aidial.seed.dialogues import beats
from aidial.seed.dialogues.scene import Ending, Scene

ASKS = (
    ("my X-rays, I want them sent to a specialist", "Asked for X-rays to be sent on"),
    ("a receipt for my tax", "Needs a receipt"),
    ("a question about the aftercare sheet", "Has a question about aftercare"),
    ("the results the specialist was sending over", "Asked about a specialist's letter"),
    ("a certificate for work, for last week", "Needs a certificate for work"),
    ("the quote I was given, it doesn't add up", "Has a question about a quote"),
    (
        "changing my mum's appointments, she's not great on the phone",
        "Wants to manage a parent's appointments",
    ),
)


def speak_to_someone(scene: Scene) -> Ending:
    """The caller wants a person."""
    ask, brief = scene.pick(ASKS)
    person = scene.pick(scene.business.practitioners)
    beats.opens(scene)
    scene.caller(
        f"{beats.hello(scene)}can I speak to reception, please? It's about {ask}.",
        f"{beats.hello(scene)}could you put me through to someone? It's {ask}.",
        f"{beats.hello(scene)}is {person.split(',')[0]} in? I've got a question about {ask}.",
        "Can I just speak to a person, please?",
        "Human, please. Sorry, nothing personal.",
    )
    if scene.chance(0.5):
        scene.agent("Sure. Who's calling, please?", "Of course. Can I say who's calling?")
        scene.caller(
            f"{scene.who.full_name}.", f"It's {scene.who.given}, {scene.who.given} {scene.who.surname}."
        )
    if not scene.open_now:
        return _takes_message(scene, ask, brief)
    scene.agent(
        "Putting you through now.",
        "One moment, I'll connect you to reception.",
        "No problem, transferring you now.",
    )
    scene.system("Transferring to Reception.")
    result = scene.rng.choices(("connected", "no_answer", "busy"), (84, 11, 5))[0]
    if result == "connected":
        return Ending(
            "transfer_request",
            "transferred",
            f"{brief}; put through to reception.",
            "escalated",
            end_reason="transfer",
            transfer=("Reception", result),
        )
    scene.system("Reception did not answer." if result == "no_answer" else "Reception was on another call.")
    scene.agent("Sorry, they're with a patient at the moment. Can I take a message and have them ring you?")
    ending = _takes_message(scene, ask, brief)
    return Ending(
        ending.call_type,
        "message_taken",
        f"{brief}; reception could not be reached and a message was taken.",
        "follow_up_required",
        scene.pick(("neutral", "neutral", "upset")),
        transfer=("Reception", result),
        follow_up=ending.follow_up,
        due_at=ending.due_at,
        attention="Transfer not answered",
    )


def _takes_message(scene: Scene, ask: str, brief: str) -> Ending:
    if not scene.open_now:
        scene.agent(
            "There's nobody at the desk right now, but I can take a message for the morning.",
            "The team's gone home, sorry. Shall I have them ring you back?",
        )
    scene.caller(
        f"Yeah, okay. It's about {ask}.",
        "All right, just ask them to ring me back.",
        f"Yep. Tell them it's {ask}.",
    )
    beats.gives_mobile(scene, for_text=False)
    scene.agent(
        "Thanks, I've passed that on. Someone will ring you on the next business day.",
        "Done. They'll have that first thing.",
    )
    beats.closes(scene)
    return Ending(
        "message",
        "message_taken",
        f"{brief}; a message was taken.",
        "follow_up_required",
        follow_up=f"Ring back: {brief[0].lower()}{brief[1:]}",
        due_at=beats.due_next_morning(scene),
    )


def pays_account(scene: Scene) -> Ending:
    """Pays an account over the phone, reading out a card the agent did not ask for."""
    who, amount = (
        scene.who,
        scene.pick(("eighty-five", "one hundred and forty", "sixty-two fifty", "two hundred and ten")),
    )
    beats.opens(scene)
    scene.caller(
        f"{beats.hello(scene)}I got a text about an account, {amount} dollars, I think. Can I pay it now?",
        f"{beats.hello(scene)}I want to pay the gap from last week, it's {amount} dollars.",
    )
    beats.gives_name(scene, birth_date=scene.chance(0.5))
    if scene.chance(0.6):
        card = who.card if scene.chance(0.7) else who.card.replace(" ", "")
        scene.caller(
            f"Okay, the card is {card}, expiry {scene.pick(('oh eight twenty-eight', '11/27', '03/29'))}, and the CVV is {scene.rng.randint(101, 989)}.",
            f"It's a Visa, {card}, expiry {scene.pick(('09/28', '12/27'))}.",
        )
        scene.agent(
            "Just a moment. Please don't read your card number to me, I can't take payments by voice. I'll text you a secure link instead.",
            "Sorry to stop you there. For your safety I don't take card numbers, but I can text you a payment link.",
        )
        scene.caller(
            "Oh, whoops. Okay, the link's fine.",
            "Ah, sorry. Yep, send that through.",
            "Oh, right. Fair enough.",
        )
    else:
        scene.agent(
            "I can text you a secure link to pay by card.",
            "I don't take cards by voice, but I'll send a payment link to your mobile.",
        )
        scene.caller("Yep, that works.", "Perfect.", "Okay, do that.")
    beats.gives_mobile(scene)
    scene.agent("Sent. It's good for two days.", "The link's on its way.")
    beats.closes(scene)
    return Ending(
        "account",
        "enquiry_answered",
        scene.pick(
            (
                "Patient wanted to pay an account; a payment link was sent.",
                "Sent a secure payment link for an outstanding account.",
            )
        ),
        sms_status=beats.text_sent(scene),
    )


def changes_details(scene: Scene) -> Ending:
    """New address, e-mail or card."""
    who = scene.who
    beats.opens(scene)
    scene.caller(
        f"{beats.hello(scene)}I've moved house and need to update my address.",
        f"{beats.hello(scene)}can you change the details you've got for me?",
        f"{beats.hello(scene)}you've still got my old address, the reminder went to my ex.",
    )
    beats.gives_name(scene, birth_date=True)
    scene.agent(
        "Thanks, I've found your file. What's the new address?", "Thank you. And where are you living now?"
    )
    scene.caller(f"It's {who.address}.", f"{who.address}, same postcode.", f"I'm at {who.address} now.")
    if scene.chance(0.6):
        scene.caller("And my e-mail's changed too.", "Oh, and can you update the e-mail?")
        beats.gives_email(scene)
    if scene.chance(0.35):
        scene.caller(
            f"And there's a new Medicare card, it's {who.medicare}.",
            f"The Medicare number's new as well, {who.medicare}.",
        )
    scene.agent(
        "All updated, thank you.",
        "Lovely, that's changed on your file.",
        "Thanks, I've passed those to reception to confirm.",
    )
    beats.closes(scene, "positive" if scene.chance(0.4) else "neutral")
    return Ending(
        "details_update",
        "enquiry_answered",
        "Patient updated contact details.",
        email_status="delivered" if scene.chance(0.5) else None,
    )


GRIPES = (
    (
        "I waited fifty minutes past my appointment yesterday and nobody said a word",
        "Waited a long time past the appointment",
    ),
    ("I've been charged twice for the same visit", "Says one visit was charged twice"),
    ("the quote was three hundred and the bill was nearly five", "The bill was higher than the quote"),
    ("the crown you put in has come out again, that's the second time", "Unhappy that work had to be redone"),
    ("I've left three messages and no one's rung me back", "Left messages that were not returned"),
    ("your receptionist was really short with my mother", "Unhappy about how a relative was spoken to"),
    ("I turned up and you'd given my time to someone else", "The appointment had been given away"),
)


def complaint(scene: Scene) -> Ending:
    """Someone is unhappy, with reason."""
    gripe, brief = scene.pick([each for each in GRIPES if scene.dental or "crown" not in each[0]])
    beats.opens(scene)
    scene.caller(
        f"Yeah, look, I'm not happy. {gripe[0].upper()}{gripe[1:]}.",
        f"I'd like to make a complaint. {gripe[0].upper()}{gripe[1:]}.",
        f"Who do I talk to about this? {gripe[0].upper()}{gripe[1:]}.",
    )
    scene.agent(
        "I'm really sorry. That's not the experience we want you to have. I'd like to get this to the practice manager.",
        "I'm sorry to hear that, and thank you for telling us. Can I take some details so the manager can look into it?",
    )
    scene.caller(
        "It's just not good enough. I've been coming there for years.",
        "I don't want an apology, I want it fixed.",
        "I'm this close to leaving a review, honestly.",
        "Yeah, well. I shouldn't have to ring about it.",
    )
    beats.gives_name(scene, birth_date=False)
    beats.gives_mobile(scene, for_text=False)
    if scene.chance(0.35):
        scene.caller(
            "And can I have it in writing? E-mail me.", "I'd prefer it by e-mail, so there's a record."
        )
        beats.gives_email(scene)
    scene.agent(
        "Thank you. The practice manager will call you by the end of the next business day.",
        "I've marked this for the manager, who'll ring you personally.",
    )
    better = scene.chance(0.3)
    beats.closes(scene, "neutral" if better else "upset")
    return Ending(
        "complaint",
        "complaint",
        f"{brief}; the practice manager is to call back.",
        "escalated",
        "upset",
        follow_up="Practice manager to call back",
        due_at=beats.due_next_morning(scene),
        attention="Complaint",
    )
