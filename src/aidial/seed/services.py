"""What the practices do: services with the callers' own reasons, prices in whole dollars and minutes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Service:
    """Something one books. `said` fits "I'd like ..."; `why` are the callers' own words; price in dollars."""

    name: str
    said: str
    why: tuple[str, ...]
    price_dollars: int
    minutes: int


DENTAL_SERVICES = (
    Service(
        "check-up and clean",
        "a check-up and clean",
        (
            "I'm probably about a year overdue, to be honest",
            "it's been, what, eight months since the last one",
            "I got the letter saying I'm due",
            "my health fund resets soon so I want to use it up",
            "I've just moved to the area and need a new dentist",
            "I haven't been since before the baby, so yeah, it's time",
        ),
        245,
        45,
    ),
    Service(
        "filling",
        "someone to look at a filling",
        (
            "a bit of my filling's come out, I think I swallowed it",
            "I bit down on some toast and now there's a rough edge",
            "Doctor said last time I'd need one on the bottom left",
            "there's a hole I can feel with my tongue",
        ),
        260,
        45,
    ),
    Service(
        "crown consultation",
        "a chat about a crown",
        (
            "the tooth at the back's been cracked for ages",
            "my old crown's gone a bit loose",
            "I had a root canal done overseas and they said to get it crowned",
        ),
        95,
        30,
    ),
    Service(
        "tooth whitening",
        "to get my teeth whitened",
        (
            "I'm getting married in a couple of months",
            "too much coffee, basically",
            "a mate had it done with you guys and it looks great",
        ),
        590,
        60,
    ),
    Service(
        "wisdom tooth assessment",
        "someone to check my wisdom teeth",
        (
            "one of them's coming through sideways, I reckon",
            "the gum at the back gets sore every few weeks",
            "my GP said it might be what's giving me the headaches",
        ),
        145,
        30,
    ),
    Service(
        "children's check-up",
        "a check-up for my little one",
        (
            "it'd be her first time, she's only four",
            "he's got a wobbly tooth and a new one coming in behind it",
            "the school dental van said to follow up",
            "she's a bit nervous so someone gentle would be good",
        ),
        165,
        30,
    ),
    Service(
        "night guard fitting",
        "to ask about a mouth guard for grinding",
        (
            "my partner says I grind like a cement mixer",
            "I keep waking up with a sore jaw",
            "I've cracked the old splint",
        ),
        680,
        30,
    ),
    Service(
        "toothache appointment",
        "to see someone about a toothache",
        (
            "it's been niggling all week and it's worse with anything cold",
            "it kept me up a fair bit last night",
            "Panadol helps for an hour or two and then it's back",
            "it's sort of a dull throb on the top right",
        ),
        115,
        30,
    ),
)
PHYSIO_SERVICES = (
    Service(
        "initial physio assessment",
        "a first appointment with a physio",
        (
            "I did my lower back lifting the bins out",
            "my knee's been puffing up after footy",
            "I've had this shoulder thing since about Easter",
            "I rolled my ankle at netball on the weekend",
            "my neck's seized up from working at the kitchen table",
            "I've signed up for the half marathon and my shin's killing me",
        ),
        138,
        45,
    ),
    Service(
        "follow-up physio session",
        "another session for my back",
        (
            "I was meant to come back in two weeks and it's been five",
            "it's heaps better but still tight of a morning",
            "the exercises helped but I've plateaued a bit",
        ),
        104,
        30,
    ),
    Service(
        "dry needling session",
        "a session of dry needling",
        ("the calves are like rocks", "it worked wonders on my neck last time", "my coach suggested it"),
        112,
        30,
    ),
    Service(
        "remedial massage",
        "a remedial massage",
        (
            "I've been on the tools all week",
            "just the upper back and shoulders, really",
            "my wife gave me a voucher for it",
        ),
        125,
        60,
    ),
    Service(
        "clinical Pilates assessment",
        "to start clinical Pilates",
        (
            "I'm about fourteen weeks post baby",
            "my surgeon said to do it before the hip replacement",
            "I want to get some core strength back",
        ),
        145,
        60,
    ),
    Service(
        "post-surgery rehab session",
        "to start my rehab after surgery",
        (
            "I had my ACL done on the ninth and I'm off the crutches now",
            "it was a rotator cuff repair, the sling comes off this week",
            "new knee, six weeks ago, at the Private",
        ),
        138,
        45,
    ),
    Service(
        "vestibular assessment",
        "to see someone about dizziness",
        (
            "the room spins when I roll over in bed",
            "my GP reckons it's the crystals in the ear",
        ),
        145,
        45,
    ),
)
