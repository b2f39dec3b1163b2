"""Whatever strangers may send in pieces: cookies, cursors, keys, upstream answers, bodies, queries.

Good inputs, changed a little, and any. A parser may refuse in its own way only, and never takes what was
changed. The one thing a newcomer would get wrong: an input that was changed into itself is no finding.
"""

from __future__ import annotations

import asyncio
import os
import string
from collections.abc import Callable
from typing import Any, Final

import hypothesis
import msgspec
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from aidial_api.kernel.crypto import CursorInvalid, CursorKey, MasterKey
from aidial_api.kernel.guard import split_query
from aidial_api.kernel.preconditions import read_if_match, unchanged
from aidial_api.routes import TABLE
from aidial_contract import errors, transport
from aidial_contract.checking import check
from aidial_contract.envelopes import Envelope, render
from aidial_contract.fault import Fault, FieldError
from aidial_contract.ids import new_api_key, parse_api_key, parse_uuid
from aidial_contract.limits import Numbers
from aidial_contract.query import parse_query
from aidial_portal.kernel.nextauth import aidial_csrf, cookies
from aidial_portal.kernel.nextauth.jwe import CookieCipher
from aidial_portal.kernel.nextauth.names import cookie_names
from fuzz.report import Budget, Report

EXAMPLES: Final = 400
_KEY, _CSRF_KEY = os.urandom(32), os.urandom(32)
_CURSORS = CursorKey(MasterKey(os.urandom(32)))
_CIPHER = CookieCipher(_KEY)
_NAMES = cookie_names("http://127.0.0.1")
_ROWS = TABLE.configured(Numbers()).rows
_BOUND = ("calls", "harbour-dental", "")
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def changed(draw: st.DrawFn, good: str, alphabet: str = string.printable) -> str:
    """A text with a few characters replaced, taken out, doubled or added, or its end cut off."""
    text = good
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        match draw(st.sampled_from(("replace", "drop", "add", "cut", "double"))):
            case "replace":
                text = text[:at] + draw(st.sampled_from(alphabet)) + text[at + 1 :]
            case "drop":
                text = text[:at] + text[at + 1 :]
            case "add":
                text = text[:at] + draw(st.sampled_from(alphabet)) + text[at:]
            case "cut":
                text = text[:at]
            case _:
                text = text[:at] + text
    return text


def headers_text() -> st.SearchStrategy[str]:
    """What a header may hold once read: latin-1."""
    return st.text(st.characters(max_codepoint=255))


def cookie(data: st.DataObject) -> None:
    """A changed session cookie is no session, whatever was changed in it."""
    good = _CIPHER.encode({"sub": "alice", "session_id": "s", "access_token": "t"}, 3_600)
    text = data.draw(changed(good) | headers_text())
    assert text == good or CookieCipher(_KEY).decode(text) is None
    assert CookieCipher(os.urandom(32)).decode(good) is None


def cookie_header(data: st.DataObject) -> None:
    """Any Cookie header is read; pieces in any number and order join or break the policy."""
    name = st.sampled_from(
        (_NAMES.session, f"{_NAMES.session}.0", f"{_NAMES.session}.1", "__Secure-" + _NAMES.session)
    )
    digits = st.integers(1, 6_000).map(lambda count: f"{_NAMES.session}.{'1' * count}")
    part = st.builds("{}={}".format, name | digits | headers_text(), headers_text())
    pairs = cookies.read_pairs([data.draw(st.lists(part, max_size=12).map("; ".join) | headers_text())])
    cookies.policy_violation(pairs, _NAMES)
    value = cookies.session_value(pairs, _NAMES)
    cookies.session_deletions(pairs)
    assert value is None or CookieCipher(_KEY).decode(value) is None


def csrf(data: st.DataObject) -> None:
    """A changed token is refused, and so is a good one of another session."""
    good = aidial_csrf.issue_token(_CSRF_KEY, "alice")
    text = data.draw(changed(good) | headers_text())
    refused = aidial_csrf.check_token(_CSRF_KEY, "alice", header=text, cookie=text)
    assert text == good or refused is not None
    assert aidial_csrf.check_token(_CSRF_KEY, data.draw(headers_text()) + "!", header=good, cookie=good)


def cursor(data: st.DataObject) -> None:
    """A cursor has one spelling and one list."""
    good = _CURSORS.encode(("2026-11-25T00:00:00Z", "an-id"), *_BOUND)
    other_spelling = st.sampled_from((good + "=", good.replace("-", "+"), good.replace("_", "/"), f" {good}"))
    text = data.draw(changed(good) | other_spelling | st.text())
    for sent, bound in ((text, _BOUND), (good, (*_BOUND, "")), (good, _BOUND[:2])):
        try:
            _CURSORS.decode(sent, tuple[str, str], *bound)
        except CursorInvalid:
            continue
        assert (sent, bound) == (good, _BOUND), "a changed cursor was taken"


def api_key(data: st.DataObject) -> None:
    """A mistyped key fails its checksum; one character more or less always does."""
    good, _ = new_api_key("live")
    text = data.draw(changed(good, string.ascii_letters + string.digits + "_-") | st.text())
    found = parse_api_key(text)
    assert found is None or len(text) == len(good)
    assert found is None or text == good or sum(a != b for a, b in zip(text, good, strict=True)) > 1
    assert parse_uuid(text) is None


def upstream(data: st.DataObject) -> None:
    """Any answer of any API is a fault of the registry, and only a whole one is passed on."""
    row = data.draw(st.sampled_from(list(errors.ERRORS.values())))
    fault = Fault(row, field_errors=[FieldError("/a", "required")], details={"a": 1}, retry_after_ms=5)
    good = msgspec.json.encode(render(Envelope.TRANSPORT, fault, "request-id"))
    status = data.draw(st.sampled_from((row.status, 200, 404, 500)))
    kind = data.draw(
        st.sampled_from(("application/json", "application/json; charset=utf-8")) | headers_text()
    )
    said = {
        **msgspec.json.decode(good),
        **data.draw(st.dictionaries(st.sampled_from(_MEMBERS), _VALUES, max_size=2)),
    }
    body = data.draw(
        st.binary()
        | changed(good.decode()).map(lambda text: text.encode("utf-8", "surrogatepass"))
        | st.just(msgspec.json.encode(said))
        | _VALUES.map(msgspec.json.encode)
    )
    found = transport.parse(status, kind, body)
    passed = found.row is not errors.UPSTREAM_CONTRACT_VIOLATION or row is errors.UPSTREAM_CONTRACT_VIOLATION
    assert not passed or found.row.status == status or found.row is errors.UPSTREAM_CONTRACT_VIOLATION
    for envelope in set(Envelope) - {Envelope.PAGE}:
        msgspec.json.encode(render(envelope, found, "request-id"))


_MEMBERS: Final = tuple(field.encode_name for field in msgspec.structs.fields(transport.WireError))
_WITH_BODY: Final = [row for row in _ROWS if row.body is not None]


def body(data: st.DataObject) -> None:
    """Any bytes are a body or a 400 or 422 that echoes nothing, for every shape there is."""
    row = data.draw(st.sampled_from(_WITH_BODY))
    assert row.body is not None
    members = st.sampled_from([field.encode_name for field in msgspec.structs.fields(row.body)]) | st.text(
        max_size=8
    )
    plain = st.dictionaries(members, _VALUES, max_size=8) | _VALUES
    sent = data.draw(
        plain.map(msgspec.json.encode)
        | plain.map(lambda value: msgspec.json.encode(value).decode()).flatmap(changed).map(str.encode)
        | st.binary()
        | st.integers(1, 100_000).map(lambda depth: b"[" * depth)
    )
    try:
        check(sent, row.body, row.rules)
    except Fault as fault:
        assert fault.row in {errors.MALFORMED_JSON, errors.VALIDATION_FAILED}
        msgspec.json.encode(render(Envelope.TRANSPORT, fault, "request-id"))


_WITH_QUERY: Final = [row for row in _ROWS if row.query]


def query(data: st.DataObject) -> None:
    """Any query string is its values or a 400 or 422, for every row."""
    row = data.draw(st.sampled_from(_WITH_QUERY))
    name = st.sampled_from([param.name for param in row.query]) | headers_text()
    choices = [choice for param in row.query for choice in param.choices]
    value = headers_text() | st.from_regex(r"[0-9T:+Z.-]{1,30}") | st.sampled_from(choices or [""])
    text = data.draw(
        st.lists(st.builds("{}={}".format, name, value), max_size=5).map("&".join) | headers_text()
    )
    pairs, fault = split_query(text)
    try:
        if fault is not None:
            raise fault
        parse_query(pairs, row.query)
    except Fault as refused:
        assert refused.row.status in {400, 422}
        msgspec.json.encode(render(Envelope.TRANSPORT, refused, "request-id"))


def preconditions(data: st.DataObject) -> None:
    """Any If-Match is tags or a refusal; nothing that is no tag matches one."""
    text = data.draw(headers_text() | changed('"0123", W/"4567"'))
    try:
        tags = read_if_match(text)
    except Fault as fault:
        assert fault.row in {errors.PRECONDITION_REQUIRED, errors.MALFORMED_REQUEST}
    else:
        assert tags == ("*",) or all(not tag or tag in text for tag in tags)
    assert not unchanged(text, '"never"') or text.strip() == "*" or '"never"' in text


PARSERS: Final[tuple[Callable[[st.DataObject], None], ...]] = (
    cookie,
    cookie_header,
    csrf,
    cursor,
    api_key,
    upstream,
    body,
    query,
    preconditions,
)


def attack(parser: Callable[[st.DataObject], None], seed: int, examples: int) -> int:
    """Let one parser read that many inputs; how many it read. Raises what it raised, on the smallest."""
    read = 0

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(st.data())
    def feed(data: st.DataObject) -> None:
        nonlocal read
        read += 1
        parser(data)

    feed()
    return read


def _attack_all(report: Report, budget: Budget) -> None:
    for number in budget.rounds():
        for parser in PARSERS:
            try:
                report.cases += attack(parser, budget.seed + number, EXAMPLES)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                notes = "\n".join(getattr(error, "__notes__", ()))
                report.found(f"{parser.__name__}: {type(error).__name__}", f"{error}\n{notes}")


async def run(budget: Budget) -> Report:
    """Round after round over every parser, until the time is over."""
    report = Report("parsers")
    await asyncio.to_thread(_attack_all, report, budget)
    return report
