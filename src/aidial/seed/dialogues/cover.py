# ruff: noqa: D400, D401, E501, PLR2004, RUF100 - stories in whole spoken sentences, with shares of a crowd
"""Health funds, HICAPS, Medicare plans and insurers' claims."""

from aidial.seed.dialogues import beats
from aidial.seed.dialogues.scene import Ending, Scene

FUNDS = (
    "Medibank",
    "Bupa",
    "HCF",
    "nib",
    "HBF",
    "ahm",
    "Teachers Health",
    "Defence Health",
    "GMHBA",
    "Australian Unity",
)


def insurance(scene: Scene) -> Ending:
    """Does my fund cover it, and can I claim on the spot?"""
    fund, service = scene.pick(FUNDS), scene.pick(scene.business.services)
    beats.opens(scene)
    scene.caller(
        f"{beats.hello(scene)}do you take {fund}?",
        f"{beats.hello(scene)}I'm with {fund} extras, am I covered for a {service.name}?",
        f"{beats.hello(scene)}have you got HICAPS there? I'm with {fund}.",
        f"{beats.hello(scene)}are you a preferred provider for {fund}?",
    )
    scene.agent(
        f"We have HICAPS, so you can claim {fund} on the spot and just pay the gap.",
        f"Yes, we take {fund} and every other Australian fund through HICAPS. You swipe your card and pay the difference.",
    )
    scene.caller(
        f"And what's the gap on a {service.name}?",
        "Do you know what I'd be out of pocket?",
        "What do I need to bring?",
    )
    if "bring" in scene.turns[-1][1]:
        scene.agent(
            "Just your fund card, or the card on your phone. Anything we claim from Medicare needs your green card too."
        )
    else:
        scene.agent(
            "It depends on your level of cover. If you give me the item number, or ask your fund, they'll tell you to the dollar.",
            "That's up to your fund. Reception can run a quote through HICAPS before you commit to anything.",
        )
    scene.caller(
        "Okay, that makes sense.", "Right. Bit of a lottery, isn't it?", "Yeah, okay, I'll ring them."
    )
    if scene.chance(0.4):
        scene.caller("Could you e-mail me a quote?", "Can someone send me the item numbers?")
        beats.gives_name(scene, birth_date=False)
        beats.gives_email(scene)
        scene.agent(
            "Thanks, reception will send that through by tomorrow.",
            "Got it. You'll have it by the next business day.",
        )
        beats.closes(scene, "positive")
        return Ending(
            "insurance",
            "enquiry_answered",
            "Asked about health fund cover and wants a written quote.",
            "follow_up_required",
            "positive",
            follow_up=f"E-mail a quote for a {service.name}",
            due_at=beats.due_next_morning(scene),
            email_status=scene.pick(("delivered", "delivered", "sent")),
        )
    beats.closes(scene)
    return Ending(
        "insurance",
        "enquiry_answered",
        scene.pick(
            (
                f"Caller asked whether {fund} can be claimed on the spot.",
                "Health fund and HICAPS question, answered.",
                "Asked about the gap; pointed to their fund for the exact amount.",
            )
        ),
    )


def medicare_plan(scene: Scene) -> Ending:
    """A referral under Medicare, or a child's dental benefits: needs the card number."""
    who = scene.who
    beats.opens(scene)
    if scene.dental:
        scene.caller(
            f"{beats.hello(scene)}I got a letter saying {who.child}'s eligible for the Child Dental Benefits. How does that work?",
            f"{beats.hello(scene)}do you bulk bill kids on the Medicare dental scheme?",
        )
        scene.agent(
            "We bulk bill that one. There's an amount to use over two calendar years, and we bill Medicare directly. I can have reception check the balance."
        )
    else:
        scene.caller(
            f"{beats.hello(scene)}my GP's given me one of those care plans with five visits. Do you take them?",
            f"{beats.hello(scene)}I've got a Medicare chronic condition plan, is there a gap?",
        )
        scene.agent(
            "We do take them. Medicare pays part of it and the gap's about forty-five dollars a visit. I'll need your details so reception can check the referral."
        )
    beats.gives_name(scene, birth_date=True)
    scene.agent(
        "Thanks. Could you read me the Medicare card number, and your position on the card?",
        "And the Medicare number, please?",
    )
    position = scene.pick(("one", "two", "three"))
    scene.caller(
        f"It's {who.medicare}, and I'm number {position}.",
        f"{who.medicare.replace(' ', '')}, position {position}.",
        f"Hang on, I'll get it. Okay, Medicare is {who.medicare}.",
    )
    if not scene.dental:
        scene.agent("Can you e-mail us the referral, or will your GP send it?")
        scene.caller(
            f"I'll send it from {who.email}.",
            "The GP's faxing it, would you believe.",
            "I'll bring the paper one in.",
        )
    scene.agent(
        "Lovely. Reception will check it and text you by tomorrow.",
        "Thank you, I've passed that on, and someone will confirm.",
    )
    beats.closes(scene, "positive" if scene.chance(0.4) else "neutral")
    return Ending(
        "insurance",
        "message_taken",
        "Asked about Medicare-funded visits; details passed to reception to check eligibility.",
        "follow_up_required",
        follow_up="Check Medicare eligibility and text the patient",
        due_at=beats.due_next_morning(scene),
    )


def claim(scene: Scene) -> Ending:
    """An insurer's claim: WorkCover or the transport accident scheme (physio); a dental injury at work."""
    scheme = {"VIC": "the TAC", "NSW": "icare", "QLD": "WorkCover"}[scene.business.state]
    reference = f"{scene.rng.randint(10, 29)}/{scene.rng.randint(10000, 98999)}"
    beats.opens(scene)
    scene.caller(
        f"{beats.hello(scene)}it's about my claim with {scheme}. They say they haven't had the paperwork from you.",
        f"{beats.hello(scene)}I was hurt at work and I've got a claim number, do you bill {scheme} direct?",
    )
    beats.gives_name(scene, birth_date=True)
    scene.agent("And do you have the claim number and the date of the injury?")
    scene.caller(
        f"Claim number's {reference}, it happened in {scene.pick(('March', 'June', 'July', 'August'))}.",
        f"It's {reference}. My case manager's called {scene.pick(('Wendy', 'Raj', 'Simone'))}.",
    )
    scene.agent(
        "Thank you. Accounts will check what's been sent and ring you back.",
        "Thanks, I've noted the number for accounts, they're in tomorrow.",
    )
    beats.gives_mobile(scene, for_text=False)
    upset = scene.chance(0.3)
    beats.closes(scene, "upset" if upset else "neutral")
    return Ending(
        "insurance",
        "message_taken",
        f"Caller is chasing paperwork for a claim with {scheme}.",
        "follow_up_required",
        "upset" if upset else "neutral",
        follow_up="Check the claim paperwork and ring back",
        due_at=beats.due_next_morning(scene),
    )
