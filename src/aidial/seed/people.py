# ruff: noqa: E501, SIM905 - word lists read better as lines of words
"""Callers: families with a telephone number, a street and what they may be asked to read out.

Every number is fiction on purpose: ACMA reserves these mobiles and the 5550 and 7010 landline blocks for
films and
books, card numbers are the schemes' published test numbers, mail domains are RFC 2606. Never add
"realistic" ones.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from aidial.seed.spoken import say_digits

FICTION_MOBILES = tuple(
    f"0491 {middle} {tail}"
    for middle, tails in {
        "570": ("006", "156", "157", "158", "159", "110", "313", "737"),
        "571": ("266", "491", "804"),
        "572": ("549", "665", "983"),
        "573": ("770", "087"),
        "574": ("118", "632"),
        "575": ("254", "789"),
        "576": ("398", "801"),
        "577": ("426", "644"),
        "578": ("957", "148", "888"),
        "579": ("212", "760", "455"),
    }.items()
    for tail in tails
)
TEST_CARDS = (
    "4242 4242 4242 4242",
    "4111 1111 1111 1111",
    "4012 8888 8888 1881",
    "5555 5555 5555 4444",
    "5105 1051 0510 5100",
    "5200 8282 8282 8210",
)
MAIL_DOMAINS = ("example.com", "example.net", "example.org", "mail.example.com")
WOMEN = (
    "Sarah Emily Jessica Kylie Mei Priyanka Olivia Charlotte Margaret Joanne Thuy Fatima Bronwyn Karen Lauren Anika "
    "Grace Sienna Yasmin Tracey Ngaire Elena Rosa Helen Deborah Zoe Hannah Leila Amara Soo-jin"
).split()
MEN = (
    "Jack Liam Darren Matthew Wei Arjun Noah Thomas Bruce Peter Minh Omid Callum Shane Lachlan Ravi Hamish Dimitri "
    "Youssef Craig Koa Stefan Marco Geoff Ethan Angus Daniel Jarrah Hassan Ken"
).split()
SURNAMES = (
    "Nguyen Smith Patel O'Brien Kaur Papadopoulos Wilson Chen Brown Singh Murphy Taylor Rossi Campbell Tran McKenzie "
    "Haddad Walker Sharma Kowalski Stewart Lim Hughes Ferrari Mitchell Ahmed Robertson Wang Bennett Costa Fraser "
    "Novak Gallagher Ibrahim Watson Park Doyle Santos Harris Petrovic Baker Sato Reid Fitzgerald Morgan Pham "
    "Henderson Tuala Barker"
).split()
STREETS = (
    "Banksia Street,Wattle Avenue,Railway Parade,Beach Road,Station Street,Gordon Street,Acacia Crescent,Church Street,"
    "Albert Road,Kookaburra Close,Ocean View Drive,Wentworth Avenue,Ironbark Lane,Park Road,Victoria Parade,"
    "Jacaranda Drive,Hill Street,Bay Street"
).split(",")
MEDICARE_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9)
LANDLINE_HOUSEHOLDS = 420
MOBILE_SHARE = 0.45
WITHHELD_SHARE = 0.04


@dataclass(frozen=True, slots=True)
class Person:
    """One caller. `number` is E.164, or None when withheld; `mobile` is as people write it."""

    given: str
    surname: str
    number: str | None
    mobile: str
    born: date
    address: str
    email: str
    medicare: str
    card: str
    child: str

    @property
    def full_name(self) -> str:
        """Give the name as said on the phone."""
        return f"{self.given} {self.surname}"

    @property
    def spelt_surname(self) -> str:
        """Spell the surname letter by letter."""
        return ", ".join(self.surname.replace("'", "").upper())

    def say_mobile(self, rng: Random) -> str:
        """Give the mobile as speech recognition would write it down: digits or words."""
        return rng.choice(
            (
                self.mobile,
                self.mobile,
                self.mobile.replace(" ", ""),
                say_digits(self.mobile, rng),
                _plus61(self.mobile),
            )
        )


def _plus61(mobile: str) -> str:
    return f"+61 {mobile[1:]}"


def to_e164(national: str) -> str:
    """Turn an Australian number as written into E.164: "0491 570 006" is "+61491570006"."""
    digits = "".join(filter(str.isdigit, national))
    return f"+61{digits[1:]}"


def medicare_number(rng: Random) -> str:
    """Make a Medicare card number with a valid check digit, grouped as on the card (4-5-1)."""
    digits = [rng.randint(2, 6), *(rng.randint(0, 9) for _ in range(7))]
    check = sum(digit * weight for digit, weight in zip(digits, MEDICARE_WEIGHTS, strict=True)) % 10
    joined = "".join(map(str, [*digits, check, rng.randint(1, 3)]))
    return f"{joined[:4]} {joined[4:9]} {joined[9]}"


def make_person(rng: Random, *, area_code: str, suburbs: tuple[str, ...], household_seed: str) -> Person:
    """Choose who calls: the same telephone number is always the same household."""
    if rng.random() < MOBILE_SHARE:
        mobile = rng.choice(FICTION_MOBILES)
        number: str | None = to_e164(mobile)
        house = mobile
    else:
        index = rng.randrange(LANDLINE_HOUSEHOLDS)
        block = "5550" if index % 2 else "7010"
        house = f"{area_code}{block}{(index * 6151 + 137) % 10_000:04d}"
        number = to_e164(house)
        mobile = FICTION_MOBILES[index % len(FICTION_MOBILES)]
    if rng.random() < WITHHELD_SHARE:
        number = None
    return _member(rng, Random(f"{household_seed}:{house}"), suburbs, number, mobile)  # noqa: S311 - demo data


def _member(rng: Random, home: Random, suburbs: tuple[str, ...], number: str | None, mobile: str) -> Person:
    surname = home.choice(SURNAMES)
    address = f"{home.randint(2, 189)} {home.choice(STREETS)}, {home.choice(suburbs)}"
    members = (home.choice(WOMEN), home.choice(MEN))
    births = tuple(date(1948, 1, 1) + timedelta(days=home.randrange(365 * 55)) for _ in members)
    child = home.choice(WOMEN + MEN)
    domain = home.choice(MAIL_DOMAINS)
    medicare = medicare_number(home)
    card = home.choice(TEST_CARDS)
    which = rng.randrange(len(members))
    given = members[which]
    mail_name = f"{given}.{surname}".lower().replace("'", "").replace("-", "")
    return Person(
        given=given,
        surname=surname,
        number=number,
        mobile=mobile,
        born=births[which],
        address=address,
        email=f"{mail_name}@{domain}",
        medicare=medicare,
        card=card,
        child=child,
    )
