"""Every number of contract section 7, as rows: rates and sizes with a name, a default and a setting.

The one thing a newcomer would get wrong: what stands here are defaults. A `Size` is an int, so that a row or
a query parameter may hold it; what counts in a running process is `Numbers.size(...)` and
`Numbers.rate(...)`, because each of them may be configured, and rates are scaled.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

from aidial_contract.query import QueryParam
from aidial_contract.settings import ConfigurationError, Setting, load

PREFIX: Final = "AIDIAL_LIMIT_"
SCALE: Final = "AIDIAL_LIMITS_SCALE"
KIB: Final = 1024
MIB: Final = 1024 * 1024
MOST_SECONDS: Final = 7 * 86_400
_WORDS: Final = {1: "s", 60: "min", 3_600: "h", 86_400: "d"}
_SECONDS: Final = {word: seconds for seconds, word in _WORDS.items()}
_RATE = re.compile(r"(\d{1,9})(?:/(\d{0,6})(s|min|h|d))?\Z", re.ASCII)
_SIZE = re.compile(r"(\d{1,12})(KiB|MiB)?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `amount` requests in any `seconds` seconds; `about` says whose are counted together."""

    name: str
    amount: int
    seconds: int
    about: str
    policy: str = field(init=False, repr=False, compare=False)
    """The item of `RateLimit-Policy`."""

    def __post_init__(self) -> None:
        """Write the policy once: every answer carries it."""
        object.__setattr__(self, "policy", f'"{self.name}";q={self.amount};w={self.seconds}')

    @property
    def setting(self) -> str:
        """The environment variable."""
        return setting_name(self.name)

    def __str__(self) -> str:
        """`600/min`, `60/6s`: as the setting is written."""
        word = _WORDS.get(self.seconds)
        return f"{self.amount}/{word}" if word else f"{self.amount}/{self.seconds}s"


class Size(int):
    """A number that is no rate: bytes, rows, a page. Its value is its default; `unit` is what it counts."""

    name: str
    unit: str
    about: str
    most: int

    def __new__(cls, name: str, default: int, unit: str, about: str, most: int) -> Self:
        """A row; `most` is the largest that makes sense."""
        size = super().__new__(cls, default)
        size.name, size.unit, size.about, size.most = name, unit, about, most
        return size

    @property
    def setting(self) -> str:
        """The environment variable."""
        return setting_name(self.name)

    def shown(self, value: int) -> str:
        """A value as the setting is written: `10MiB`, `20`."""
        for unit, word in ((MIB, "MiB"), (KIB, "KiB")):
            if self.unit == "bytes" and value % unit == 0:
                return f"{value // unit}{word}"
        return str(int(value))


def setting_name(name: str) -> str:
    """`reads_burst` is `AIDIAL_LIMIT_READS_BURST`."""
    return PREFIX + name.upper()


RATES: Final[dict[str, Rate]] = {}
SIZES: Final[dict[str, Size]] = {}


def _rate(name: str, amount: int, seconds: int, about: str) -> Rate:
    return RATES.setdefault(name, Rate(name, amount, seconds, about))


def _size(name: str, default: int, unit: str, about: str, most: int = 1024 * MIB) -> Size:
    return SIZES.setdefault(name, Size(name, default, unit, about, most))


MINUTE, HOUR = 60, 3_600

READS: Final = _rate("reads", 600, MINUTE, "reads and changes of one key")
READS_BURST: Final = _rate("reads_burst", 60, 6, "the same, in a short window")
READS_OF_TENANT: Final = _rate("reads_of_tenant", 3_000, MINUTE, "reads and changes of one tenant's keys")
DELIVERIES: Final = _rate("deliveries", 12_000, MINUTE, "call delivery of one key")
DELIVERIES_BURST: Final = _rate("deliveries_burst", 1_200, 6, "the same, in a short window")
DELIVERIES_OF_TENANT: Final = _rate("deliveries_of_tenant", 30_000, MINUTE, "call delivery of one tenant")
PERSON: Final = _rate("person", 1_200, MINUTE, "requests of one person through the portal")
SESSION: Final = _rate("session", 120, MINUTE, "session life-cycle of one person, at the API")
FAILED_CREDENTIALS: Final = _rate("failed_credentials", 60, MINUTE, "refused credentials of one address")

PORTAL_SESSION: Final = _rate("portal_session", 600, MINUTE, "everything of one session")
PORTAL_SETTINGS: Final = _rate("portal_settings", 30, MINUTE, "settings changes of one person")
PORTAL_BILLING: Final = _rate("portal_billing", 60, MINUTE, "billing requests of one person")
PORTAL_COMMENTS: Final = _rate("portal_comments", 20, MINUTE, "ticket comments of one person")
PORTAL_CALL_EXPORTS: Final = _rate("portal_call_exports", 10, HOUR, "call exports of one person")
PORTAL_DOWNLOADS: Final = _rate("portal_downloads", 60, HOUR, "downloads of one person")
PORTAL_SESSION_LIFECYCLE: Final = _rate(
    "portal_session_lifecycle", 120, MINUTE, "session state, touch and refresh of one session"
)
PORTAL_SIGN_IN_STARTS: Final = _rate("portal_sign_in_starts", 60, MINUTE, "sign-in starts of one address")
PORTAL_SMS_ENROLMENTS: Final = _rate("portal_sms_enrolments", 5, HOUR, "SMS enrolments of one person")

JSON_BODY: Final = _size("json_body", MIB, "bytes", "a JSON body")
CALL_BODY: Final = _size("call_body", 10 * MIB, "bytes", "one call with its turns")
RECORDING: Final = _size("recording", 200 * MIB, "bytes", "one recording of a call")
HEADER_BLOCK: Final = _size("header_block", 32 * KIB, "bytes", "all headers of a request", 96 * KIB)
URI: Final = _size("uri", 8 * KIB, "bytes", "path and query of a request", 48 * KIB)
CALLS_PAGE: Final = _size("calls_page", 20, "calls", "a page of calls, unless asked for another")
CALLS_PAGE_MAX: Final = _size("calls_page_max", 100, "calls", "the largest page that may be asked for", 1_000)
EXPORT_ROWS: Final = _size("call_export_rows", 10_000, "calls", "calls in one CSV export", 1_000_000)
LIVE_STREAMS: Final = _size("live_streams", 1_000, "streams", "open live streams of one process", 100_000)
LIVE_STREAMS_OF_ONE: Final = _size(
    "live_streams_of_one", 12, "streams", "open live streams of one person or key", 1_000
)
LIVE_SECONDS: Final = _size(
    "live_seconds", 600, "seconds", "a live stream lasts, then it is asked anew", 86_400
)
TRANSCRIPT_TXT: Final = _size("transcript_txt", 5 * MIB, "bytes", "text of a transcript as a TXT file")
TRANSCRIPT_PDF: Final = _size(
    "transcript_pdf", 2 * MIB, "bytes", "text of a transcript as a PDF file", 8 * MIB
)
AUDIT_PAGE: Final = _size("audit_page", 50, "events", "a page of the activity log")
CLIENTS_PAGE: Final = _size("clients_page", 20, "clients", "a page of a partner's clients")
SETTINGS_HISTORY_PAGE: Final = _size(
    "settings_history_page", 20, "changes", "a page of the history of a section of settings"
)
VERSIONS_PAGE: Final = _size("versions_page", 20, "versions", "a page of a project's published versions")
TICKETS_PAGE: Final = _size("tickets_page", 20, "tickets", "a page of support tickets")
API_KEYS_PAGE: Final = _size("api_keys_page", 20, "keys", "a page of a client's API keys")
LEGAL_HOLDS_PAGE: Final = _size("legal_holds_page", 20, "holds", "a page of a client's legal holds")
RECEIPTS_PAGE: Final = _size("receipts_page", 20, "receipts", "a page of what retention deleted")
UNLOCKS_PAGE: Final = _size("unlocks_page", 20, "unlocks", "a page of who saw what of a call")
INCIDENTS_PAGE: Final = _size("incidents_page", 20, "incidents", "a page of incidents")
OPS_PAGE: Final = _size("ops_page", 20, "entries", "a page of one of the operators' lists")
REPORTS_PAGE: Final = _size("reports_page", 12, "reports", "a page of monthly reports")
DELIVERIES_PAGE: Final = _size(
    "deliveries_page", 20, "messages", "a page of what an organisation's people were sent"
)
INVOICES_PAGE: Final = _size("invoices_page", 20, "invoices", "a page of invoices")

ACCOUNT_EXPORTS_PAGE: Final = _size("account_exports_page", 20, "exports", "a page of account exports")
ACCOUNT_EXPORTS_OF_USER: Final = _size(
    "account_exports_of_user", 3, "exports", "account exports of one person in the window", 1_000
)
ACCOUNT_EXPORTS_OF_TENANT: Final = _size(
    "account_exports_of_tenant", 10, "exports", "account exports of one tenant in the window", 10_000
)
ACCOUNT_EXPORTS_HOURS: Final = _size(
    "account_exports_hours", 24, "hours", "the window in which account exports are counted", 24 * 31
)
ACCOUNT_EXPORT_DAYS: Final = _size(
    "account_export_days", 7, "days", "the file of an account export is kept", 365
)

DELETIONS_PAGE: Final = _size("deletions_page", 20, "requests", "a page of data deletion requests")

CIRCUIT_IN_A_ROW: Final = _size("circuit_in_a_row", 5, "failures", "the portal stops asking the API after")
CIRCUIT_OUTCOMES: Final = _size("circuit_outcomes", 10, "calls", "or when half of at least so many failed")
CIRCUIT_WINDOW: Final = _size("circuit_window", 10, "seconds", "in the last")
CIRCUIT_OPEN: Final = _size("circuit_open", 5, "seconds", "and asks again after, doubling")
CIRCUIT_LONGEST: Final = _size("circuit_longest", 60, "seconds", "up to")
CIRCUIT_PROBES: Final = _size("circuit_probes", 3, "calls", "so many of which must then succeed")
STORE_TIMEOUT: Final = _size(
    "store_timeout", 50, "milliseconds", "an exchange with the shared store of rates"
)

DEFAULTS: Final[tuple[Rate | Size, ...]] = (*RATES.values(), *SIZES.values())


@dataclass(frozen=True, slots=True)
class Numbers:
    """The numbers of one process: defaults, what is configured instead, and the scale of every rate."""

    configured: Mapping[str, Any] = field(default_factory=dict)
    scale: float = 1.0

    def rate(self, rate: Rate) -> Rate:
        """The rate as it counts here; never less than one request."""
        here: Rate = self.configured.get(rate.name, rate)
        return dataclasses.replace(here, amount=max(1, round(here.amount * self.scale)))

    def size(self, size: int) -> int:
        """The size as it counts here; a plain int is no configurable number and stays as it is."""
        return int(self.configured.get(size.name, size)) if isinstance(size, Size) else size

    def params(self, params: Iterable[QueryParam]) -> tuple[QueryParam, ...]:
        """Query parameters with the page sizes that count here."""
        return tuple(
            dataclasses.replace(param, most=self.size(param.most), default=self.size(param.default))
            if isinstance(param.default, Size) or isinstance(param.most, Size)
            else param
            for param in params
        )


def read_numbers(environ: Mapping[str, str], scale: float = 1.0) -> Numbers:
    """The numbers, or `ConfigurationError` naming every bad setting, and every name that is no limit's."""
    known = {row.setting: row for row in DEFAULTS}
    problems: dict[str, str] = {}
    for name in environ:
        if name.startswith(PREFIX) and name.removesuffix("_FILE") not in known:
            problems[name] = "no limit has this name; `aidial limits` prints them all"
    values: dict[str, Any] = {}
    try:
        values = load(_SETTINGS, environ)
    except ConfigurationError as error:
        problems |= error.problems
    found = {known[name].name: value for name, value in values.items() if value is not None}
    if not problems and found.get(CALLS_PAGE_MAX.name, CALLS_PAGE_MAX) < max(
        found.get(size.name, size) for size in SIZES.values() if size.name.endswith("_page")
    ):
        problems[CALLS_PAGE_MAX.setting] = "must not be smaller than a page"
    if problems:
        raise ConfigurationError(problems)
    return Numbers(found, scale)


def load_with_numbers(
    settings: Iterable[Setting], environ: Mapping[str, str]
) -> tuple[dict[str, Any], Numbers]:
    """An app's settings and its numbers, or `ConfigurationError` with the problems of both at once."""
    values, numbers, problems = {}, Numbers(), {}
    try:
        values = load(settings, environ)
    except ConfigurationError as error:
        problems = error.problems
    try:
        numbers = read_numbers(environ, values.get(SCALE, 1.0))
    except ConfigurationError as error:
        problems = problems | error.problems
    if problems:
        raise ConfigurationError(problems)
    return values, numbers


def _reads_rate(rate: Rate) -> Setting:
    def read(raw: str) -> Rate:
        match = _RATE.match(raw.strip())
        amount = int(match[1]) if match else 0
        seconds = (
            rate.seconds if match is None or match[3] is None else int(match[2] or 1) * _SECONDS[match[3]]
        )
        if amount < 1 or not 0 < seconds <= MOST_SECONDS:
            raise ValueError(f"must be a rate such as {rate} or {rate.amount}, its window at most a week")
        return dataclasses.replace(rate, amount=amount, seconds=seconds)

    return Setting(rate.setting, read)


def _reads_size(size: Size) -> Setting:
    def read(raw: str) -> int:
        match = _SIZE.match(raw.strip())
        units = {"KiB": KIB, "MiB": MIB} if size.unit == "bytes" else {}
        if match is None or not int(match[1]) or (match[2] and match[2] not in units):
            raise ValueError(f"must be a positive number such as {size.shown(size)}")
        value = int(match[1]) * units.get(match[2], 1)
        if value > size.most:
            raise ValueError(f"must be at most {size.shown(size.most)}")
        return value

    return Setting(size.setting, read)


_SETTINGS: Final = tuple(_reads_rate(row) if isinstance(row, Rate) else _reads_size(row) for row in DEFAULTS)
