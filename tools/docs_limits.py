"""`docs/limits.md`: every number of the contract's section 7, with its setting.

The one thing a newcomer would get wrong: the page says what is true without configuration; `aidial limits`
prints what is true in an environment.
"""

from __future__ import annotations

from docs_text import code, table
from docs_text import page as whole_page

from aidial_contract.limits import RATES, SIZES

INTRODUCTION = """\
Every rate and size, and the environment variable that changes it. The API, the portal and the worker read
the same names; a bad value, or a name that is no limit's, stops the process with exit code 78. `aidial
limits` prints this list with what holds in your environment."""

HOW_RATES = """\
Written `600` (in the window of the default) or `600/min`, `10/h`, `60/6s`, `3/d`. `AIDIAL_LIMITS_SCALE`
multiplies all of them. "In any 6 s" is meant: there is no moment from which a window counts, and nothing is
estimated. A request that is refused is counted nowhere. A local rate answers 429 `rate_limited`, one of the
API met through the portal `upstream_rate_limited`; how it is told is in [errors](errors.md#429) and, for
`/v1`, in the [reference](api.md#rates)."""

HOW_SIZES = """\
Bytes are written `1048576`, `1024KiB` or `1MiB`. `AIDIAL_LIMITS_SCALE` does not touch them."""

FIXED = """\
Nothing changes these: live streams of a portal process (64) and of one session (8, then 429), uploads to an
API process (a quarter of `AIDIAL_CONCURRENCY`), the time a request's head (10 s) and body may take (60 s at
the API, 30 s at the portal, 15 minutes for a recording with 15 s between its pieces)."""

STORE = """\
By default each process counts for itself. With `AIDIAL_LIMITS_URL` all processes count together in one Valkey
or Redis; see [operations](operations.md#more-than-one-machine). Times that are settings of one app (sessions,
time-outs) are in [operations](operations.md#settings)."""


def page() -> str:
    """The whole page."""
    rates = ((code(row.setting), code(str(row)), row.about) for row in RATES.values())
    sizes = (
        (code(row.setting), code(row.shown(row)), f"{row.about}, in {row.unit}") for row in SIZES.values()
    )
    return whole_page(
        "Limits",
        INTRODUCTION,
        "## Rates",
        HOW_RATES,
        table(("Setting", "Default", "Counts"), rates),
        "## Sizes",
        HOW_SIZES,
        table(("Setting", "Default", "Of what"), sizes),
        FIXED,
        "## Where they are counted",
        STORE,
    )
