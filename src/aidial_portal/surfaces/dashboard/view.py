"""What the dashboard looks at: the state its address holds, and what that asks of `/v1`.

The one thing a newcomer would get wrong: a form sends its empty fields too, so an empty parameter is an
absent one; and days that cannot be read are said at their fields, with the usual range shown meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from aidial_contract.checking import parse_day
from aidial_contract.params import RANGE_DAYS
from aidial_portal.design.links import with_query
from aidial_portal.words import N_, _, spoken

if TYPE_CHECKING:
    from aidial_portal.kernel.request import PortalRequest

PATH: Final = "/"
DEFAULT_RANGE: Final = "7d"
MOST_DAYS: Final = 366
RANGES: Final = {
    "today": (N_("Today"), N_("Today")),
    "7d": (N_("7 days"), N_("Last 7 days")),
    "30d": (N_("30 days"), N_("Last 30 days")),
    "90d": (N_("90 days"), N_("Last 90 days")),
}
_FEW_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class View:
    """The range (or first and last day), one project or client or all, bars of a day or a week (or as fits).

    `errors` are what is wrong with days chosen one by one: (field, message); `typed` is what was typed.
    """

    range: str
    first: date | None
    last: date | None
    project_id: str | None
    client_id: str | None
    interval: str | None
    typed: tuple[str, str] = ("", "")
    errors: tuple[tuple[str, str], ...] = ()

    @property
    def period(self) -> dict[str, str]:
        """The period as every address has it."""
        if self.first is not None and self.last is not None:
            return {"from": self.first.isoformat(), "to": self.last.isoformat()}
        return {"range": self.range}

    @property
    def days(self) -> int:
        """How many days it holds."""
        if self.first is not None and self.last is not None:
            return (self.last - self.first).days + 1
        return RANGE_DAYS[self.range]

    @property
    def has_intervals(self) -> bool:
        """Whether bars of a day and of a week both make sense."""
        return self.days > _FEW_DAYS

    @property
    def whose(self) -> dict[str, str]:
        """The project or client chosen."""
        chosen = {"project_id": self.project_id, "client_id": self.client_id}
        return {name: value for name, value in chosen.items() if value}

    @property
    def state(self) -> dict[str, str]:
        """What another project's dashboard keeps."""
        return {} if self.period == {"range": DEFAULT_RANGE} else self.period

    @property
    def label(self) -> str:
        """The period in words."""
        if self.first is None or self.last is None:
            return _(RANGES[self.range][1])
        return (
            _day(self.first)
            if self.days == 1
            else _("{first} to {last}").format(first=_day(self.first), last=_day(self.last))
        )

    @property
    def before(self) -> str:
        """What trends compare with, in words."""
        return self.label.lower() if self.first is None else _("period")

    def url(self, path: str = PATH, **changes: str | None) -> str:
        """An address that keeps whose numbers these are and, unless changed, the period."""
        return with_query(path, self.whose | self.state, **changes)

    def calls(self, **filters: str) -> str:
        """The calls behind a number."""
        return with_query("/calls", self.whose | self.period, **filters)

    def asked(self) -> dict[str, str]:
        """The query of every part."""
        return self.period | self.whose

    def asked_of_chart(self) -> dict[str, str]:
        """The query of the bars: one day alone is shown by the hour."""
        if self.days == 1:
            return self.asked() | {"interval": "hour"}
        return self.asked() | ({"interval": self.interval} if self.interval and self.has_intervals else {})


def read_view(request: PortalRequest) -> View:
    """The state of the address; a parameter it does not know means the default."""
    query = {name: text.strip() for name, text in request.query.items() if text.strip()}
    typed = (query.get("from", ""), query.get("to", ""))
    first, last, errors = _days(*typed)
    interval = query.get("interval")
    return View(
        range=query["range"] if query.get("range") in RANGES else DEFAULT_RANGE,
        first=first,
        last=last,
        project_id=query.get("project_id"),
        client_id=query.get("client_id"),
        interval=interval if interval in {"day", "week"} else None,
        typed=typed,
        errors=errors,
    )


def _days(from_: str, to: str) -> tuple[date | None, date | None, tuple[tuple[str, str], ...]]:
    if not from_ and not to:
        return None, None, ()
    first, last = parse_day(from_), parse_day(to)
    if first is None or last is None:
        words = _("Enter a day, such as 2026-11-22.")
        wrong = [("from", words)] if first is None else []
        return None, None, (*wrong, *([("to", words)] if last is None else []))
    if last < first:
        return None, None, (("to", _("The last day is before the first.")),)
    if (last - first).days >= MOST_DAYS:
        return None, None, (("to", _("Choose at most {count} days.").format(count=MOST_DAYS)),)
    return first, last, ()


def _day(day: date) -> str:
    return spoken().writing.day(day)
