"""schemathesis over the description the running API gives of itself.

Requests that fit the description and requests that do not, as keys, as people and as nobody. Whatever is
asked: no 5xx, no status, media type, header or body the description does not have, and nothing that does not
fit it is accepted. In a long run every row has to answer well too, or its handler was never reached. The one
thing a newcomer would get wrong: schemathesis is synchronous, so it runs beside the loop that serves the API,
and a failure is kept instead of raised.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks
from schemathesis.specs.openapi.schemas import OpenApiSchema
from tests.matrix.askers import KINDS, asker
from tests.matrix.expected import expected
from tests.people import ADA, ALICE, PRIYA
from tests.support.api import World
from tests.support.askers import Asker, SignedIn

from aidial_api.kernel.route import Route
from aidial_api.routes import TABLE
from aidial_contract.query import Kind as ParamKind
from fuzz.fresh import renewed
from fuzz.hints import Good, good_of, hinted
from fuzz.report import Budget, Report

CHECKS: Final = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]
Drawn = Case[Any]
MODES: Final = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
REFUSALS: Final = [str(status) for status in (*range(400, 432), 503)]
REFUSED: Final = 300
ITS_OWN: Final = frozenset({"application/octet-stream", "multipart/form-data"})
"""Media types of files that schemathesis knows how to send."""
_NAMES: Final = {"harbour_manage", "harbour_read", ALICE.name, PRIYA.name, ADA.name, "anonymous"}
ASKING: Final = [kind for kind in KINDS if kind.name in _NAMES]
"""Keys of both scopes, people who were just invited, and nobody."""
LOCKS_OUT: Final = frozenset({"settings.ip_allowlist.save"})
"""Rows whose success would refuse everybody who asks afterwards: asked by those only whom they refuse."""
_LAST: Final = ("sessions.revoke_others", "sessions.create")
ROWS: Final = sorted(TABLE.rows, key=lambda row: _LAST.index(row.name) if row.name in _LAST else -1)
"""Every row; those that end other sessions, or by a new one one's own, come last."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How many requests of each row and mode a round draws.

    `covers`: and every edge of every bound, once, when there is more than one round.
    """

    examples: int
    covers: bool = False


LONG: Final = Effort(examples=12, covers=True)
SHORT: Final = Effort(examples=5)


@dataclass(slots=True)
class Explorer:
    """Asks the API on a socket and keeps what it finds."""

    world: World
    loop: asyncio.AbstractEventLoop
    schema: OpenApiSchema
    known: Mapping[str, Good]
    everybody: Mapping[str, Asker]
    report: Report
    session: requests.Session = field(default_factory=requests.Session)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    strategies: dict[tuple[str, GenerationMode], st.SearchStrategy[Drawn] | None] = field(
        default_factory=dict
    )

    def explore(self, row: Route, mode: GenerationMode, examples: int, seed: int) -> None:
        """Some requests of a row by this one and that one."""
        strategy = self._strategy(row, mode)
        if strategy is None:
            return

        @hypothesis.seed(seed)
        @_settings(examples)
        @hypothesis.given(case=strategy, who=st.sampled_from(self._asking(row)))
        def ask(case: Drawn, who: str) -> None:
            self._ask(case, row, who)

        try:
            ask()
        except Unsatisfiable:
            self.report.notes.append(f"{row.name}: no {mode} request could be drawn")
            self.strategies[row.name, mode] = None

    def cover(self, row: Route, who: str) -> None:
        """The edges of every bound, one after another, and the methods the path has not."""
        operation = self.schema[row.path][row.method]
        for case in self.schema.iter_coverage_cases(
            operation, generation_modes=list(MODES), generation_config=self.schema.config.generation
        ):
            self._ask(case, row, who)

    def _asking(self, row: Route) -> list[str]:
        """Those who may, three times as often as the others."""
        if row.name in LOCKS_OUT:
            return [name for name in self.everybody if name not in able(row)]
        return able(row) * 3 + list(self.everybody)

    def _strategy(self, row: Route, mode: GenerationMode) -> st.SearchStrategy[Drawn] | None:
        """Requests near the good one, and any; None when nothing can be wrong with a request of this row."""
        key = row.name, mode
        if key not in self.strategies:
            operation = self.schema[row.path][row.method]
            drawn = [operation.as_strategy(generation_mode=mode, **fixed) for fixed in self._kinds(row, mode)]
            self.strategies[key] = st.one_of(drawn) if drawn else None
        return self.strategies[key]

    def _kinds(self, row: Route, mode: GenerationMode) -> Iterator[dict[str, Any]]:
        """What is fixed of a request: nothing, its ids, or all but what is optional."""
        good = self.known[row.name]
        near: dict[str, Any] = {"path_parameters": good.path, "query": good.query, "headers": good.headers}
        if mode is GenerationMode.POSITIVE:
            yield {}
            yield near
            if good.body is not None:
                yield {**near, "body": good.body, "media_type": row.takes[0]}
            return
        # Any text may stand where an id does, so a request without more than ids cannot be wrong.
        if row.body is not None or row.query:
            yield {}
        if row.body is not None or any(
            param.kind not in {ParamKind.ID, ParamKind.CURSOR} for param in row.query
        ):
            yield near

    def _ask(self, case: Drawn, row: Route, who: str) -> None:
        self.report.cases += 1
        sender = renewed(self.world, row, self.known[row.name], case, self.everybody[who])
        headers = dict(asyncio.run_coroutine_threadsafe(sender, self.loop).result(20))
        _briefly(case, row)
        answer = case.call(session=self.session, headers=headers, timeout=20)
        self.statuses[row.name, answer.status_code] += 1
        if "x-request-id" not in answer.headers:
            self.report.found(f"{row.name}: no X-Request-Id", case.as_curl_command())
        try:
            case.validate_response(answer, checks=CHECKS, headers=headers)
        except FailureGroup as group:
            for failure in group.exceptions:
                what = f"{row.name} as {who}: {type(failure).__name__} on {answer.status_code}"
                self.report.found(what, str(group))


def _briefly(case: Drawn, row: Route) -> None:
    """A stream that might go on for minutes ends at once; what is no number of seconds is sent as it is."""
    for param in row.query:
        given = case.query.get("seconds", 0)
        if param.name == "seconds" and str(given).isdecimal() and int(given) <= param.most:
            case.query["seconds"] = 0


@schemathesis.serializer(
    *(kind for row in ROWS if row.receives for kind in row.takes if kind not in {"", *ITS_OWN})
)
def _as_bytes(_: Any, value: Any) -> bytes:
    """A file goes as it is, whatever kind of sound it is called."""
    return value if isinstance(value, bytes) else str(value).encode()


def _settings(examples: int) -> hypothesis.settings:
    return hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def load(document: dict[str, Any], url: str) -> OpenApiSchema:
    """The document as schemathesis has it; credentials are the asker's, never drawn."""
    project = ProjectConfig(base_url=url)
    project.generation.update(with_security_parameters=False)
    project.checks.negative_data_rejection.expected_statuses = REFUSALS
    return schemathesis.openapi.from_dict(
        document, config=SchemathesisConfig(projects=ProjectsConfig(default=project))
    )


def able(row: Route) -> list[str]:
    """Who gets what the row's good request asks for, by the tables of the matrix."""
    return [kind.name for kind in ASKING if expected(row, kind)[0] < REFUSED]


async def run(world: World, budget: Budget, effort: Effort = LONG) -> Report:
    """Round after round over every row, until the time is over and the fewest requests were made."""
    report = Report("contract")
    everybody = {kind.name: await asker(world, kind) for kind in ASKING}
    alice = everybody[ALICE.name]
    assert isinstance(alice, SignedIn)
    known = {row.name: await good_of(world, row, alice) for row in TABLE.rows}
    document = (await world.anonymous.get("/v1/openapi.json")).json
    schema = load(hinted(document, TABLE.rows, known), world.api.url)
    explorer = Explorer(world, asyncio.get_running_loop(), schema, known, everybody, report)
    until = time.monotonic() + budget.seconds

    def goes_on() -> bool:
        return time.monotonic() < until or report.cases < budget.cases

    for number in count():
        before = report.cases
        await asyncio.to_thread(
            _round, explorer, effort, budget.seed + number, goes_on if number else lambda: True
        )
        if number == 1 and effort.covers:
            await asyncio.to_thread(_cover, explorer)
        for name, who in everybody.items():
            if isinstance(who, SignedIn):
                everybody[name] = await world.sign_in(who.someone)
        if not goes_on() or report.cases == before:
            break
    judge(report, explorer.statuses, budget)
    return report


def judge(report: Report, statuses: Mapping[tuple[str, int], int], budget: Budget) -> None:
    """What a whole run has to show: enough requests, and a success of every row; a quick look only tells."""
    done = {name for name, status in statuses if status < REFUSED}
    never = [row.name for row in TABLE.rows if row.name not in done]
    report.notes.append(f"{len(done)} of {len(TABLE.rows)} rows succeeded; never: {', '.join(never) or '-'}")
    if not budget.cases:
        return
    for name in never:
        if name not in LOCKS_OUT:
            told = {status: many for (one, status), many in statuses.items() if one == name}
            report.found(f"{name}: never answered well", f"its answers by status: {told}")
    if report.cases < budget.cases:
        report.found("too few requests", f"{report.cases:,} of at least {budget.cases:,}")


def _round(explorer: Explorer, effort: Effort, seed: int, goes_on: Callable[[], bool]) -> None:
    for row in ROWS:
        for mode in MODES:
            if goes_on():
                explorer.explore(row, mode, effort.examples, seed)


def _cover(explorer: Explorer) -> None:
    for row in ROWS:
        if row.name not in LOCKS_OUT:
            explorer.cover(row, (able(row) or ["anonymous"])[0])
