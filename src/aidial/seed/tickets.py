"""The demo's support tickets as data: what each tenant asked lately, and what was answered.

The one thing a newcomer would get wrong: times are counted back from the demo's first start, so that the list
looks lived in whenever somebody starts one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aidial.seed.businesses import BAYSIDE_PHYSIO, HARBOUR_DENTAL, NORTHSIDE_DENTAL, Business, stable_uuid7
from aidial.seed.tenants import PEOPLE, DemoPerson

_BY_NAME: Final = {person.given: person for person in PEOPLE}


@dataclass(frozen=True, slots=True)
class DemoComment:
    """An answer, so many hours after the ticket was opened."""

    by: DemoPerson
    hours_later: float
    body: str


@dataclass(frozen=True, slots=True)
class DemoTicket:
    """A ticket about one line of a business; `owner` is whoever of AiDial took it."""

    business: Business
    line: int
    by: DemoPerson
    days_ago: float
    status: str
    priority: str
    category: str
    subject: str
    body: str
    owner: DemoPerson | None = None
    comments: tuple[DemoComment, ...] = ()

    @property
    def ticket_id(self) -> str:
        """The same at every start."""
        return stable_uuid7(f"ticket {self.business.client_id} {self.subject}")

    @property
    def project_id(self) -> str:
        """The line it is about."""
        return self.business.projects[self.line].project_id


def _said(name: str, hours_later: float, body: str) -> DemoComment:
    return DemoComment(_BY_NAME[name], hours_later, body)


TICKETS: Final = (
    DemoTicket(
        HARBOUR_DENTAL,
        0,
        _BY_NAME["Alice"],
        9.2,
        "resolved",
        "normal",
        "technical",
        "Callers hear last year's holiday hours",
        "Two callers this morning were told that we are closed on Friday. We are open; that was last year's"
        " holiday. Where does the agent still have this from?",
        _BY_NAME["Omar"],
        (
            _said(
                "Omar",
                2.5,
                "Last year's date was still among the special days of the front desk. It has been taken out"
                " and published, and new calls say the right hours. Could you try it once?",
            ),
            _said("Alice", 5, "Just rang it: right hours now. Thank you."),
        ),
    ),
    DemoTicket(
        HARBOUR_DENTAL,
        0,
        _BY_NAME["Ben"],
        3.1,
        "waiting_on_customer",
        "high",
        "billing",
        "Two lines on the invoice that I do not know",
        "This month's invoice has a second line of overage for the after-hours number. I thought both lines"
        " share one allowance. Can you check before it is paid?",
        _BY_NAME["Ada"],
        (
            _said(
                "Ada",
                20,
                "Each line has an allowance of its own since the contract of July. Shall we send that page"
                " to the billing contact, or would you rather talk about one shared allowance?",
            ),
        ),
    ),
    DemoTicket(
        HARBOUR_DENTAL,
        1,
        _BY_NAME["Alice"],
        1.3,
        "waiting_on_support",
        "high",
        "technical",
        "After-hours calls end after five minutes",
        "People with toothache at night are cut off in the middle of a sentence, always just after five"
        " minutes. It began on Monday.",
        _BY_NAME["Omar"],
        (
            _said("Omar", 1, "Taken. Do you have a call at hand in which it happened?"),
            _said("Alice", 3.5, "The last one of yesterday evening, a few minutes past nine."),
        ),
    ),
    DemoTicket(
        HARBOUR_DENTAL,
        0,
        _BY_NAME["Chloe"],
        0.2,
        "open",
        "low",
        "feature_request",
        "Read the booking back in full",
        "Callers keep ringing again to ask for the day. Could the agent say weekday, date and time once more"
        " before it hangs up?",
    ),
    DemoTicket(
        BAYSIDE_PHYSIO,
        0,
        _BY_NAME["Bianca"],
        6.4,
        "closed",
        "normal",
        "account",
        "A new receptionist needs access",
        "Somebody starts on Monday and should see the calls of reception, nothing else. What do you need?",
        _BY_NAME["Ada"],
        (
            _said("Ada", 4, "Your partner, Southern Cross Voice, can invite her as staff for that line."),
            _said("Bianca", 26, "Done, she is in."),
        ),
    ),
    DemoTicket(
        BAYSIDE_PHYSIO,
        0,
        _BY_NAME["Priya"],
        0.7,
        "open",
        "normal",
        "technical",
        "The greeting says the street wrongly",
        "Patients of Bayside report that the agent reads the street name letter by letter.",
    ),
    DemoTicket(
        NORTHSIDE_DENTAL,
        0,
        _BY_NAME["Mallory"],
        2.6,
        "waiting_on_support",
        "normal",
        "general",
        "How long are transcripts kept?",
        "Our insurer asks how long the words of a call are kept, and who can delete them.",
        None,
        (
            _said("Omar", 6, "Twelve months unless your data policy says otherwise. Whose policy applies?"),
            _said("Mallory", 9, "Ours. I will send it; please leave this open."),
        ),
    ),
    DemoTicket(
        NORTHSIDE_DENTAL,
        0,
        _BY_NAME["Mallory"],
        12.0,
        "resolved",
        "low",
        "technical",
        "No calls on Monday morning",
        "Between eight and nine nothing came in, which cannot be.",
        _BY_NAME["Omar"],
        (_said("Omar", 1.5, "Your carrier had an outage in that hour; calls arrive again since nine."),),
    ),
)
"""Every tenant has some; lists sort them by time."""
