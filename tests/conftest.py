"""Fixtures of the whole suite: one real PostgreSQL a run, one migrated database a worker."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from aidial.postgres import PostgresUrls
from tests.support import postgres
from tests.support.postgres import PostgresServer

if TYPE_CHECKING:
    from tests.support.api import World
    from tests.support.portal import Town

settings.register_profile("unhurried", deadline=None)  # a busy machine is no finding
settings.load_profile("unhurried")

ON_ONE_WORKER = (
    "tests/aidial/seed/test_bulk.py",
    "tests/api/calls/test_lengths.py",
    "tests/api/calls/test_ways.py",
    "tests/api/database/plans/",
    "tests/api/recordings/test_on_s3.py",
    "tests/together/test_ingest.py",
)
FILES_ON_ONE_WORKER = ("tests/browser/",)
"""Folders each of whose files stays on one worker; its demo and its Chromium are the worker's."""
OF_TEST_ALL = (
    "tests/aidial/cli/",
    "tests/aidial/demo/",
    "tests/aidial/postgres/",
    "tests/aidial/processes/",
    "tests/aidial/seed/test_bulk.py",
    "tests/aidial/seed/test_generated_calls.py",
    "tests/aidial/seed/test_ingest.py",
    "tests/aidial/worker/",
    "tests/api/account_exports/test_files.py",
    "tests/api/analytics/test_counts.py",
    "tests/api/analytics/test_hours.py",
    "tests/api/analytics/test_numbers.py",
    "tests/api/audit/test_plans.py",
    "tests/api/audit_chain/",
    "tests/api/billing/test_plans.py",
    "tests/api/billing/test_provider_away.py",
    "tests/api/calls/test_lengths.py",
    "tests/api/calls/test_long_calls.py",
    "tests/api/calls/test_search.py",
    "tests/api/calls/test_turns.py",
    "tests/api/calls/test_ways.py",
    "tests/api/database/plans/",
    "tests/api/deletions/test_deletions.py",
    "tests/api/governance/test_retention.py",
    "tests/api/idempotency/test_model.py",
    "tests/api/idempotency/test_rows.py",
    "tests/api/kernel/test_budget.py",
    "tests/api/kernel/test_crowded.py",
    "tests/api/kernel/test_hangup.py",
    "tests/api/kernel/test_streams.py",
    "tests/api/limits/test_together.py",
    "tests/api/recordings/",
    "tests/api/recordings/test_jobs.py",
    "tests/api/recordings/test_on_s3.py",
    "tests/api/redaction/test_generated.py",
    "tests/api/redaction/test_properties.py",
    "tests/api/notifications/test_after_calls.py",
    "tests/api/notifications/test_circuit.py",
    "tests/api/notifications/test_hostile_heads.py",
    "tests/api/notifications/test_mail_servers.py",
    "tests/api/notifications/test_sending.py",
    "tests/api/reports/test_history.py",
    "tests/api/reports/test_months.py",
    "tests/api/reports/test_papers.py",
    "tests/api/settings/test_transfer_alerts.py",
    "tests/api/status/test_plans.py",
    "tests/api/support/test_model.py",
    "tests/client/test_docs.py",
    "tests/client/test_trouble.py",
    "tests/contract/test_checking.py",
    "tests/docs/test_generated.py",
    "tests/docs/test_getting_started.py",
    "tests/docs/test_links.py",
    "tests/fuzz/",
    "tests/identity/test_server.py",
    "tests/matrix/test_canaries.py",
    "tests/matrix/test_one_event.py",
    "tests/matrix/test_portal_csrf.py",
    "tests/portal/audit/test_log.py",
    "tests/portal/kernel/test_one_time.py",
    "tests/portal/kernel/test_refresh.py",
    "tests/portal/kernel/test_streaming.py",
    "tests/portal/limits/test_rates.py",
    "tests/portal/words/test_catalogues.py",
    "tests/portal/words/test_marks.py",
    "tests/portal/words/test_speaking.py",
    "tests/serving/",
    "tests/together/",
)
"""Places whose tests start processes, measure or wait for time, or try many things at random."""
NOT_FAST = (*OF_TEST_ALL, "tests/browser/")
TEST_BY_TEST = ("tests/matrix/", "tests/contract/test_ids.py", "tests/portal/kernel/test_normalising.py")
TESTS = Path(__file__).parent


def _is_fast(config: pytest.Config) -> bool:
    """Whether this is `make test`."""
    return "not slow" in config.getoption("markexpr", "")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(OF_TEST_ALL):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("alone") and not item.nodeid.startswith("tests/together/"):
            raise pytest.UsageError(f"{item.nodeid}: `make test-all` looks for `alone` in tests/together")


_preparing: list[threading.Thread] = []


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    postgres.begin_run()
    # All of it is going to run: PostgreSQL starts while the workers collect.
    if _is_fast(config) and not config.option.collectonly:
        _preparing.append(threading.Thread(target=lambda: postgres.shared_server().prepare()))
        _preparing[0].start()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        for thread in _preparing:
            thread.join()
        postgres.end_run()


@pytest.hookimpl(tryfirst=True)
def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What would be left away in the end is not even imported: a few seconds in every worker."""
    if not _is_fast(config) or not collection_path.is_relative_to(TESTS):
        return None
    place = "tests/" + collection_path.relative_to(TESTS).as_posix() + "/" * collection_path.is_dir()
    return True if place.startswith(NOT_FAST) else None


class _Together(LoadScopeScheduling):  # type: ignore[misc]
    """One test at a time to whoever is free, but what shares something dear to one worker.

    In the fast suite that is a file: what it opens for its tests is opened once. Only the matrices, which
    open nothing and take longest, are shared out test by test, and last, so that all workers end together.
    By path, because pytest 9.2 no longer has the node ids that `xdist_group` of xdist 3.8 writes to.
    """

    def _split_scope(self, nodeid: str) -> str:
        place = next((place for place in ON_ONE_WORKER if nodeid.startswith(place)), "")
        by_file = nodeid.startswith(FILES_ON_ONE_WORKER) or (
            _is_fast(self.config) and not nodeid.startswith(TEST_BY_TEST)
        )
        return place or (nodeid.partition("::")[0] if by_file else nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling | None:
    return _Together(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured (`record_property("measured", ...)`), on whichever worker they ran."""
    for report in (
        terminalreporter.getreports("passed")
        + terminalreporter.getreports("failed")
        + terminalreporter.getreports("skipped")
    ):
        for name, words in getattr(report, "user_properties", []) if report.when == "call" else []:
            if name == "measured":
                terminalreporter.write_line(f"  {words}")


@pytest.fixture(scope="session")
def postgres_server() -> PostgresServer:
    """The run's PostgreSQL: `.empty_database(name)` and `.migrated_database(name)` make more databases."""
    return postgres.shared_server()


@pytest.fixture(scope="session")
def database_urls(postgres_server: PostgresServer, worker_id: str) -> PostgresUrls:
    """This worker's migrated database: `.owner_url`, `.app_url`, `.superuser_url`."""
    return postgres_server.migrated_database(f"aidial_{worker_id}")


@pytest.fixture(scope="session")
async def world(postgres_server: PostgresServer, worker_id: str) -> AsyncIterator[World]:
    """The people of `tests/people.py`, signed in at a running API with a database of its own."""
    # Not at the top: tests that need no API must not import it.
    from tests.support.api import open_world  # noqa: PLC0415

    async with open_world(postgres_server.migrated_database(f"aidial_world_{worker_id}")) as opened:
        yield opened


@pytest.fixture(scope="session")
async def town(postgres_server: PostgresServer, worker_id: str) -> AsyncIterator[Town]:
    """Portal, API, PostgreSQL and identity provider on sockets; people sign in when they are needed."""
    # Not at the top: tests that need no portal must not import it.
    from tests.support.portal import open_town  # noqa: PLC0415

    async with open_town(postgres_server.migrated_database(f"aidial_town_{worker_id}")) as opened:
        yield opened
