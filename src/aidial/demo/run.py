"""The order of a demo's start, and its end.

Folder, ports, database, migrations, organisation; identity provider, API, worker and portal at once; calls,
recordings, invoices; then `demo.json`, the summary and the line that starts with `AiDial is ready`. The one
thing a newcomer would get wrong: everything that runs is a member of the supervisor, so that any end (a
signal, a failure) stops it.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aidial.commands import owner
from aidial.console import say
from aidial.demo import children
from aidial.demo.billing import open_accounts
from aidial.demo.environment import Effective, effective, names_database, with_checkpoints
from aidial.demo.folder import DemoFolder, choose_folder
from aidial.demo.manifest import write_manifest
from aidial.demo.memory import Secrets, load_secrets
from aidial.demo.notifications import tell_people
from aidial.demo.organisation import count_up, provision, write_identity
from aidial.demo.ports import Reservation, reserve
from aidial.demo.recordings import record_once
from aidial.demo.seeding import seed_once
from aidial.demo.summary import tell
from aidial.postgres import EmbeddedPostgres, PostgresError
from aidial.processes import ChildFailed, Supervisor
from aidial.stops import CommandStopped, Exit
from aidial_api.kernel import migrate
from aidial_contract.database_url import database_url
from aidial_contract.settings import Setting
from aidial_identity.files import write_private

if TYPE_CHECKING:
    from pathlib import Path

GRACE_S = 3.0
PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """The options of `aidial demo`; `data_dir` None is the default folder."""

    data_dir: Path | None
    portal_port: int
    api_port: int
    idp_port: int
    calls: int
    seed: bool
    reset: bool


def run_demo(options: DemoOptions) -> None:
    """Start everything, run until a signal, stop everything. `CommandStopped` says what went wrong."""
    embedded = not names_database(os.environ)
    if options.reset and not embedded:
        raise CommandStopped(
            "--reset deletes the demo's own database only. DATABASE_URL names yours: empty it yourself.",
            Exit.USAGE,
        )
    folder = DemoFolder(choose_folder(options.data_dir, embedded=embedded, say=say))
    with ExitStack() as stack:
        folder.take()
        stack.callback(folder.give_back)
        try:
            _run(folder, options, stack, embedded=embedded)
        except (PostgresError, ChildFailed) as problem:
            raise CommandStopped(str(problem), Exit.UNAVAILABLE) from None
        except migrate.MigrationRefused as refused:
            raise CommandStopped(str(refused), Exit.UNAVAILABLE) from None


def _run(folder: DemoFolder, options: DemoOptions, stack: ExitStack, *, embedded: bool) -> None:
    if options.reset:
        say(f"Deleting the demo's data in {folder.path}")
        folder.empty(say)
    began = time.monotonic()
    folder.manifest.unlink(missing_ok=True)
    secrets = load_secrets(folder)
    ports = _reserve(folder, options, stack)
    with Supervisor(folder.logs, on_progress=say, grace_s=GRACE_S) as tree:
        known = _start(folder, secrets, tree, ports, embedded=embedded)
        if options.seed and options.calls:
            seed_once(folder, secrets, tree, api_url=known.api_url, count=options.calls, say=say)
            record_once(folder, secrets, api_url=known.api_url, count=options.calls, say=say)
            asyncio.run(count_up(known))
            asyncio.run(tell_people(known))
        asyncio.run(open_accounts(known))
        write_manifest(folder.manifest, known, secrets)
        tell(folder, known, secrets, seconds=time.monotonic() - began)
        tree.run()
    say("Stopped. The data is kept.")


def _reserve(folder: DemoFolder, options: DemoOptions, stack: ExitStack) -> tuple[int, int, int]:
    """The portal's, API's and provider's ports, held until the end."""
    killed = folder.running.exists()
    if killed:
        say("The last demo here ended without a word; looking after what it left")
    patience_s = PATIENCE_S if killed else 0.0
    held: list[Reservation] = []
    for option, port in (
        ("--portal-port", options.portal_port),
        ("--api-port", options.api_port),
        ("--idp-port", options.idp_port),
    ):
        one = reserve(option, port, both_families=option == "--portal-port", patience_s=patience_s)
        stack.callback(one.free)
        held.append(one)
    ports = (held[0].port, held[1].port, held[2].port)
    stack.callback(folder.running.unlink, missing_ok=True)
    write_private(folder.running, json.dumps({"pid": os.getpid(), "ports": ports}).encode())
    return ports


def _start(
    folder: DemoFolder, secrets: Secrets, tree: Supervisor, ports: tuple[int, int, int], *, embedded: bool
) -> Effective:
    database_url, owner_url = _database(folder, tree, embedded=embedded)
    known = effective(
        with_checkpoints(os.environ, folder.checkpoints),
        secrets,
        ports=ports,
        database_url=database_url,
        owner_url=owner_url,
        files_url=folder.files.resolve().as_uri(),
    )
    say("Bringing the database to this version's shape")
    migrate.upgrade(owner_url)
    asyncio.run(provision(known, secrets))
    if known.own_issuer is None:
        say(f"Using the identity provider {known.issuer}; the demo's people must be known there")
    programs = [children.api(known, ports[1]), children.worker(known), children.portal(known, ports[0])]
    if known.own_issuer is not None:
        programs.insert(0, children.identity(known, write_identity(known, secrets, folder.identity)))
    # At once: each spends its first second reading itself in, and none asks another before it is asked.
    tree.start(*programs)
    return known


def _database(folder: DemoFolder, tree: Supervisor, *, embedded: bool) -> tuple[str, str]:
    """The application's and the owner's URL."""
    if not embedded:
        say("Using the database that DATABASE_URL names")
        given = owner.read((Setting(owner.APP_URL, database_url, required=True),))
        return given[owner.APP_URL], owner.owner_url()
    postgres = EmbeddedPostgres(folder.postgres, on_progress=say)
    tree.add(check=postgres.keep_running, stop=postgres.stop)
    urls = postgres.start()
    return urls.app_url, urls.owner_url
