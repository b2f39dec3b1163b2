"""`docs/when-things-fail.md`: the fault matrix, as people who run AiDial read it.

The one thing a newcomer would get wrong: nothing here is said that is not tested: the file of the matrix
makes this page and the tests alike.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from docs_text import page as whole_page
from docs_text import table

MATRIX = Path(__file__).resolve().parent.parent / "tests" / "together" / "faults.toml"

INTRODUCTION = """\
What is answered while something that AiDial depends on does not work, by how it does not work. Every cell is
tested with a proxy that fails in that way on purpose.

- The portal answers within `AIDIAL_API_TIMEOUT_MS` and 100 ms; within 10 ms once its circuit to the API is
  open: after five failures in a row, or half of at least ten in 10 s. It asks again after 5 s, doubling to a
  minute. Signing in waits for the identity provider besides, at most 3.5 s each time it is asked.
- Tokens are refreshed in their last 10 s. A slow or absent identity provider keeps nobody from working
  meanwhile: a request waits a second at most for new tokens, then goes on with those it has. Once they have
  ended it is 503 until the identity provider is back. Only its refusal of the refresh token ends a session
  (401 `session_expired`); any other answer, such as to a wrong client secret, is logged as
  `token_endpoint_unusable`. New tokens that the API cannot take are kept, tried for 30 s, and again with the
  next request.
- The API answers within `AIDIAL_REQUEST_TIMEOUT_MS`, and before the time the portal has left is over.
- What a process has too much of it refuses at once: 503 `dependency_unavailable` with `details.reason` =
  `busy`, and `Retry-After` (`session_service_unavailable` on the portal's session routes). Sessions,
  sign-in and health have room of their own.
- Everything works again by itself when what failed is back. An API or a portal that runs needs no
  restart; a worker that lost its queue, and an API that starts without PostgreSQL, end with 69 and are to be
  started again.
- No check of a right ever passes because what it asks is away.
"""

DEPENDENCIES = {
    ("portal", "api"): "The portal, without the API",
    ("portal", "issuer"): "The portal, without the identity provider it has met before",
    ("portal", "issuer, never met"): "The portal, started without the identity provider",
    ("portal", "limiter store"): "The portal, without the shared store of limits",
    ("portal", "billing"): "The portal, while the API is without the billing provider",
    ("portal", "user service"): "The portal, while the API is without the identity provider's user service",
    ("portal", "storage"): "The portal, while the API is without the store of files",
    ("portal", "storage, mid-way"): "What is on its way through the portal, when the store of files fails",
    ("portal", "api, mid-way"): "What is on its way through the portal, when the API fails",
    ("api", "database"): "The API, without PostgreSQL",
    ("api", "issuer"): "The API, without the identity provider whose keys it knows",
    ("api", "issuer, never met"): "The API, started without the identity provider",
    ("api", "user service"): "The API, without the identity provider's user service",
    ("api", "limiter store"): "The API, without the shared store of limits",
    ("api", "billing"): "The API, without the billing provider",
    ("api", "storage"): "The API, without the store of files",
}
WORDS = {
    "ok": "works",
    "200 unknown": "200, state `unknown`, `degraded`",
    "200 aged": "200, as last seen: `is_current` is false, `as_of` says when",
    "200 warn": "200 `warn`",
    "200 broken_off": "the connection ends before the file does: every browser sees that it was cut",
    "200 going_on": "goes on, at that pace",
    "503 fail": "503 `fail`",
    "503 dependency_*": "503 `dependency_unavailable` or `dependency_timeout`",
    "302 OAuthSignin": "back to the sign-in page: try again later",
    "302 OAuthCallback": "back to the sign-in page: try again later",
}


def page() -> str:
    """The whole page."""
    matrix = tomllib.loads(MATRIX.read_text(encoding="utf-8"))
    parts = [INTRODUCTION, "## Ways to fail", _failures(matrix["failures"])]
    for (app, dependency), title in DEPENDENCIES.items():
        cases = [one for one in matrix["cases"] if (one["app"], one["dependency"]) == (app, dependency)]
        parts += [f"## {title}", _table(matrix["classes"][app], cases)]
    return whole_page("When things fail", *parts)


def _failures(failures: dict[str, str]) -> str:
    return table(("failure", "what happens"), ((f"`{name}`", text) for name, text in failures.items()))


def _table(classes: dict[str, str], cases: list[dict[str, Any]]) -> str:
    head = ["", *(", ".join(f"`{name}`" for name in case["failures"]) for case in cases)]
    rows = [
        [text, *(_word(case["answers"].get(name, "")) for case in cases)]
        for name, text in classes.items()
        if any(name in case["answers"] for case in cases)
    ]
    return table(head, rows)


def _word(answer: str) -> str:
    if answer in WORDS:
        return WORDS[answer]
    status, _, code = answer.partition(" ")
    return f"{status} [{code}](errors.md#{code})" if code else "-"
