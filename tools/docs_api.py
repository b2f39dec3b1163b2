"""`docs/api.md`: the reference of `/v1`, drawn from its rows and shapes.

The one thing a newcomer would get wrong: the machine-readable twin is `GET /v1/openapi.json`; both come from
the same rows, so neither can be right alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec
from docs_examples import UUID, example
from docs_shapes import shapes
from docs_text import code, fence, json_block, table
from docs_text import page as whole_page

from aidial_api.kernel.limits import BUCKETS
from aidial_api.kernel.openapi import codes_of
from aidial_api.kernel.route import Access, AuthMode, Precondition, Route, SessionNeed
from aidial_api.routes import TABLE
from aidial_contract.errors import ERRORS
from aidial_contract.limits import Rate
from aidial_contract.query import Kind, QueryParam

INTRODUCTION = """\
The HTTP API for trusted servers: voice platforms deliver calls, your own systems read them. It answers
JSON. The same reference is served by every API at `GET /v1/docs`, and as OpenAPI 3.1 at `GET
/v1/openapi.json`."""

CREDENTIALS = """## Credentials

Send an API key in `X-API-Key`, from a server and never from a browser. When a key and an `Authorization`
header arrive together, the key is used and the header is not looked at. A person's bearer token comes
with `X-AiDial-Session`, the session it belongs to; the portal does that.

A program that your identity provider knows may come with its access token instead of a key (client
credentials or JWT profile), in `Authorization: Bearer` and without a session. It is registered for one tenant
and scope with `aidial service-accounts register`, and may do what a key of that scope may do.

A key looks like `adk_live_...` or `adk_test_...`, is shown once, and belongs to one tenant. See
[roles](roles.md#api-keys) for what each scope may do."""

HABITS = """## Habits every client needs

- **Repeat safely.** `POST /v1/calls` may be sent again with the same body: the stored call comes back, 200.
- **Send plain UTF-8.** A body is read as it comes: one with a `Content-Encoding` other than `identity`, and
  JSON or a form with a `charset` other than UTF-8, is 415 `unsupported_media_type`.
- **Read the answer to a body that is too large.** It comes at once; what you still send is taken and thrown
  away for a minute, so a client that sends first and reads afterwards reads it too.
- **Write paths plainly.** A path is matched as it was sent; only an id in it may be percent-encoded.
- **Wait when told.** A 429 or 503 says in `Retry-After` how many seconds to wait.
- **Say what you change.** `PATCH` needs `If-Match` with the `ETag` of the call you read; `*` means any.
- **Page by cursor.** `next_cursor` goes into `cursor`, with the same filters, until it is null.
- **Keep the request id.** It is in `X-Request-Id`; send your own (8 to 64 letters, digits, `.`, `_`, `-`) and
  it is kept."""

RATES = """\
A request is counted in all of its windows, or in none when one of them is full: what is refused costs you
nothing. Every answer to a credential, errors too, carries what counts and what is left of it (structured
fields as in the IETF draft *RateLimit header fields for HTTP*):

```
RateLimit-Policy: "reads";q=600;w=60, "reads_burst";q=60;w=6, "reads_of_tenant";q=3000;w=60
RateLimit: "reads";r=597;t=52, "reads_burst";r=59;t=6, "reads_of_tenant";r=2891;t=1
```

`q` requests in any `w` seconds; `r` are left, and one more comes back in `t` seconds. A 429 says the longest
wait in `Retry-After`. Every number is configuration: see [limits](limits.md)."""

WORDS = {
    Kind.ID: "id",
    Kind.CHOICE: "one of",
    Kind.CHOICES: "one or several, by comma, of",
    Kind.TEXTS: "texts by comma",
    Kind.WHOLE: "whole number",
    Kind.MOMENT: "date, or time with offset",
    Kind.CURSOR: "cursor",
    Kind.TEXT: "text",
}


def page() -> str:
    """The whole page."""
    rows = sorted(TABLE.rows, key=lambda row: (row.path, row.method))
    return whole_page(
        "API reference",
        INTRODUCTION,
        CREDENTIALS,
        HABITS,
        _limits(),
        _errors(),
        "## Routes",
        *map(_route, rows),
        "## Shapes",
        _whole_call(),
        shapes(TABLE.rows),
    )


def _limits() -> str:
    rows = (
        (
            code(bucket.name),
            bucket.about,
            ", and ".join(f"{rate.amount:,} in any {rate.seconds} s" for rate in bucket.rates),
        )
        for bucket in BUCKETS.values()
        if bucket.rates
    )
    return "\n\n".join(("## Rates", table(("Bucket", "Counts", "At most"), rows), RATES))


def _rate(rate: Rate) -> str:
    return f"{rate.amount:,} in any {rate.seconds} s"


def _route(row: Route) -> str:
    parts = [f"### {row.method} {row.path}", row.summary, _policy(row)]
    parameters = [*_path_parameters(row), *_header_parameters(row), *map(_parameter, row.query)]
    if parameters:
        parts.append(table(("Parameter", "In", "Kind", "Meaning"), parameters))
    if row.body is not None:
        limit = f"{row.body_limit_bytes / 1024 / 1024:g} MiB"
        parts.append(f"Body: {_shape_link(row.body.__name__)}, at most {limit}; unknown fields are refused.")
    if row.receives is not None:
        kinds = ", ".join(code(one) for one in row.takes if one)
        limit = f"{row.body_limit_bytes / 1024 / 1024:g} MiB"
        parts.append(f"Body: the file, at most {limit}, sent as {kinds} or unnamed.")
    parts += [fence("sh", _curl(row)), _answers(row)]
    return "\n\n".join(parts)


def _policy(row: Route) -> str:
    if row.access is Access.PUBLIC:
        return "Public: no credential."
    permission = f"`{row.permission}`" + (f" or `{row.or_permission}`" if row.or_permission else "")
    words = [f"Credential: {row.auth}.", f"Permission: {permission} (see [roles](roles.md))."]
    if row.auth is not AuthMode.KEY and row.session is SessionNeed.OPTIONAL:
        words.append("A bearer may come without a session.")
    if row.bucket in BUCKETS and BUCKETS[row.bucket].rates:
        words.append(f"Rate: `{row.bucket}`.")
    return " ".join(words)


def _path_parameters(row: Route) -> list[tuple[str, str, str, str]]:
    names = [part[1:-1] for part in row.path.split("/") if part.startswith("{")]
    return [(code(name), "path", "id", "Which one.") for name in names]


def _header_parameters(row: Route) -> list[tuple[str, str, str, str]]:
    if row.precondition is Precondition.IF_MATCH:
        return [(code("If-Match"), "header", "ETag", "The revision this changes, or `*`. Without it: 428.")]
    if row.idempotent_create:
        about = "Sent again within 24 h with the same body, it gets the first answer, and nothing twice."
        return [(code("Idempotency-Key"), "header", "1 to 255 printable ASCII", about)]
    return []


def _parameter(param: QueryParam) -> tuple[str, str, str, str]:
    kind = WORDS[param.kind]
    if param.choices:
        kind += " " + ", ".join(map(code, param.choices))
    elif param.kind is Kind.WHOLE:
        kind += f", {param.least:,} to {param.most:,}"
    about = param.about
    if param.default is not None:
        about += f" Default: `{param.default}`."
    if param.required:
        about += " Required."
    if param.permission is not None:
        about += f" Needs `{param.permission}`."
    return code(param.name), "query", kind, about


def _curl(row: Route) -> str:
    path = "/".join(UUID if part.startswith("{") else part for part in row.path.split("/"))
    lines = ["curl -sS" + ("" if row.method == "GET" else f" -X {row.method}") + f' "$API{path}"']
    if row.auth in {AuthMode.KEY, AuthMode.EITHER}:
        lines.append('-H "X-API-Key: $KEY"')
    elif row.auth is AuthMode.BEARER:
        lines.append('-H "Authorization: Bearer $TOKEN"')
        if row.session is SessionNeed.REQUIRED:
            lines.append('-H "X-AiDial-Session: $SESSION"')
    if row.precondition is Precondition.IF_MATCH:
        lines.append("-H 'If-Match: *'")
    if row.body is not None:
        body = msgspec.json.format(msgspec.json.encode(body_example(row)), indent=2).decode()
        lines += ["-H 'Content-Type: application/json'", f"-d '{body}'"]
    if row.receives is not None:
        lines += ["-H 'Content-Type: application/octet-stream'", "--data-binary @recording.wav"]
    return " \\\n  ".join(lines)


def body_example(row: Route) -> object:
    """What the reference sends to a row: its required members, or one when all are optional."""
    if row.body is None:
        return None
    required = example(row.body)
    if required:
        return required
    optional = example(row.body, everything=True)
    name = "outcome" if "outcome" in optional else next(iter(optional))
    return {name: optional[name]}


def _answer_link(row: Route, shape: Any) -> str:
    if shape in {bytes, str}:
        return f"a file, {' or '.join(f'`{one}`' for one in row.media_types)}"
    return "a document" if shape is None else _shape_link(shape.__name__)


def _answers(row: Route) -> str:
    lines = [f"- {status}: {_answer_link(row, shape)}" for status, shape in row.answers.items()]
    own = [one for one in codes_of(row) if one not in _expected(row)]
    if own:
        lines.append("- errors besides [those of every route](#errors): " + _links(own))
    return "Answers:\n\n" + "\n".join(lines)


def _shape_link(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def _links(codes: Iterable[str]) -> str:
    return ", ".join(f"[{one}](errors.md#{one})" for one in codes)


def _shared(rows: Iterable[Route]) -> tuple[str, ...]:
    """The codes that every one of some rows may answer, in registry order."""
    sets = [set(codes_of(row)) for row in rows]
    shared = set.intersection(*sets) if sets else set()
    return tuple(one for one in ERRORS if one in shared)


@cache
def _everywhere() -> tuple[str, ...]:
    return _shared(TABLE.rows)


@cache
def _with_credential() -> tuple[str, ...]:
    shared = _shared(row for row in TABLE.rows if row.access is not Access.PUBLIC)
    return tuple(one for one in shared if one not in _everywhere())


@cache
def _with_session() -> tuple[str, ...]:
    shared = _shared(row for row in TABLE.rows if row.auth in {AuthMode.EITHER, AuthMode.BEARER})
    return tuple(one for one in shared if one not in {*_everywhere(), *_with_credential()})


def _expected(row: Route) -> set[str]:
    codes = set(_everywhere())
    if row.access is not Access.PUBLIC:
        codes |= set(_with_credential())
        if row.auth is not AuthMode.KEY:
            codes |= set(_with_session())
    return codes


def _errors() -> str:
    return "\n".join(
        (
            "## Errors\n",
            "Every error has the [transport](errors.md#transport) envelope. Routes list what they add.\n",
            f"- Every route: {_links(_everywhere())}",
            f"- Every route that takes a credential: {_links(_with_credential())}",
            f"- Every route that takes a person's bearer: {_links(_with_session())}",
        )
    )


def _whole_call() -> str:
    """An example of a call with everything in it."""
    bodies = [row.body for row in TABLE.rows if row.name == "calls.create"]
    return "\n\n".join(
        "A delivered call with everything in it:\n\n" + json_block(example(body, everything=True))
        for body in bodies
        if body is not None
    )
