"""`aidial audit verify|key|new-key`: is the activity log what it was, and whose signature says so."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Annotated, Any

import asyncpg
import msgspec
import typer

from aidial.commands.owner import master_key, owner_url, read
from aidial.console import progress_bar
from aidial.stops import CommandStopped, Exit
from aidial_contract.ids import is_slug
from aidial_contract.settings import Setting

if TYPE_CHECKING:
    from aidial_api.kernel.audit_chain.checkpoints import PublicKey, SigningKey
    from aidial_api.kernel.audit_chain.findings import Report
    from aidial_api.kernel.audit_chain.outside import Outside
    from aidial_api.kernel.audit_chain.verifying import Known

app = typer.Typer(
    no_args_is_help=True, help="Verify the activity log's chains, and the keys that sign their checkpoints."
)
_TIMEOUT_S = 10.0
_READERS = 2
"""Connections that read one chain side by side."""
_SHOWN = 10
_KEY_BYTES = 32


@app.command("verify")
def verify(
    client: Annotated[str, typer.Option("--client", help="One tenant's chain only, by client_id.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Write what was found as JSON.")] = False,
    checkpoints: Annotated[
        bool, typer.Option(help="Look at the checkpoints outside the database as well.")
    ] = True,
) -> None:
    """Find out whether events of the activity log were changed, deleted, swapped, inserted or cut off.

    Reads AIDIAL_DATABASE_OWNER_URL (else DATABASE_URL), AIDIAL_AUDIT_CHECKPOINTS, and whose signatures
    count: AIDIAL_AUDIT_SIGNING_KEY (else AIDIAL_MASTER_KEY), AIDIAL_AUDIT_PUBLIC_KEYS. Exit codes: 0 the log
    is what it was, 3 it is not, 4 what is sealed is what it was but events wait for their seal too long, so
    that nothing proves them, 69 the database or the checkpoints' place does not answer, 78 configuration.

    Example: aidial audit verify --client harbour-dental
    """
    if client and not is_slug(client):
        raise typer.BadParameter("must be a client_id", param_hint="--client")
    reports, seconds = asyncio.run(_verify(client, with_checkpoints=checkpoints, quiet=as_json))
    if as_json:
        typer.echo(msgspec.json.encode(_summary(reports, seconds)).decode())
    else:
        _tell(reports, seconds)
    if any(report.bad for report in reports):
        raise typer.Exit(Exit.TAMPERED)
    if any(report.waiting_late for report in reports):
        raise typer.Exit(Exit.UNSEALED)


@app.command("key")
def key() -> None:
    """Print the public key that new checkpoints are signed with, in base64; its id goes to standard error.

    Give it to whoever verifies without the secrets, and keep it in AIDIAL_AUDIT_PUBLIC_KEYS when another key
    takes its place.

    Example: aidial audit key
    """
    signing, _ = _keys()
    if signing is None:
        raise CommandStopped(
            "neither AIDIAL_AUDIT_SIGNING_KEY nor AIDIAL_MASTER_KEY is set", Exit.CONFIGURATION
        )
    typer.echo(signing.public.text)
    typer.echo(f"Key {signing.public.key_id}", err=True)


@app.command("new-key")
def new_key() -> None:
    """Print a new signing key for AIDIAL_AUDIT_SIGNING_KEY; its public half goes to standard error.

    Example: aidial audit new-key > signing-key
    """
    from aidial_api.kernel.audit_chain.checkpoints import SigningKey  # noqa: PLC0415

    seed = os.urandom(_KEY_BYTES)
    typer.echo(base64.b64encode(seed).decode())
    typer.echo(f"Its public key is {SigningKey(seed).public.text}", err=True)


def _keys() -> tuple[SigningKey | None, tuple[PublicKey, ...]]:
    """The key that signs, if its secret is here, and the public keys that are believed besides."""
    from aidial_api.kernel.audit_chain.checkpoints import SigningKey  # noqa: PLC0415
    from aidial_api.kernel.crypto import MasterKey  # noqa: PLC0415
    from aidial_api.settings import CHECKPOINTS  # noqa: PLC0415

    values = read((*CHECKPOINTS, Setting("AIDIAL_MASTER_KEY", master_key, default=None)))
    seed = values["AIDIAL_AUDIT_SIGNING_KEY"]
    if seed is None and values["AIDIAL_MASTER_KEY"] is not None:
        seed = MasterKey(values["AIDIAL_MASTER_KEY"]).derived("audit checkpoints")
    return (None if seed is None else SigningKey(seed)), values["AIDIAL_AUDIT_PUBLIC_KEYS"]


def _outside() -> Outside:
    from aidial_api.kernel.audit_chain.outside import Outside  # noqa: PLC0415
    from aidial_api.settings import CHECKPOINTS  # noqa: PLC0415

    return Outside(read(CHECKPOINTS)["AIDIAL_AUDIT_CHECKPOINTS"])


def _trusted() -> dict[str, PublicKey]:
    from aidial_api.kernel.audit_chain.checkpoints import by_id  # noqa: PLC0415

    signing, public = _keys()
    trusted = by_id((*public, *(() if signing is None else (signing.public,))))
    if not trusted:
        raise CommandStopped(
            "no key to believe checkpoints by: set AIDIAL_AUDIT_PUBLIC_KEYS, or say --no-checkpoints",
            Exit.CONFIGURATION,
        )
    return trusted


async def _verify(client: str, *, with_checkpoints: bool, quiet: bool) -> tuple[list[Report], float]:
    """What was found, and the seconds it took; starting up and connecting are none of them."""
    from aidial_api.kernel.audit_chain.outside import OutsideUnavailable  # noqa: PLC0415

    outside = _outside() if with_checkpoints else None
    trusted = _trusted() if with_checkpoints else {}
    connections: list[asyncpg.Connection[asyncpg.Record]] = []
    try:
        while len(connections) < _READERS:
            connections.append(await asyncpg.connect(owner_url(), timeout=_TIMEOUT_S))
    except asyncpg.InterfaceError as unusable:
        raise CommandStopped(
            f"the database cannot be asked: {type(unusable).__name__}", Exit.UNAVAILABLE
        ) from None
    except (OSError, asyncpg.PostgresError) as gone:
        raise CommandStopped(f"the database does not answer: {gone}", Exit.UNAVAILABLE) from None
    try:
        began = time.monotonic()
        reports = await _verify_all(connections, outside, trusted, client, quiet=quiet)
        return reports, max(time.monotonic() - began, 0.001)
    except OutsideUnavailable as gone:
        raise CommandStopped(f"the checkpoints cannot be read: {gone}", Exit.UNAVAILABLE) from None
    except asyncpg.UndefinedTableError:
        raise CommandStopped(
            "the database is not of this version; run: aidial db migrate", Exit.CONFIGURATION
        ) from None
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError) as gone:
        raise CommandStopped(f"the database went away: {gone}", Exit.UNAVAILABLE) from None
    finally:
        for connection in connections:
            await connection.close(timeout=_TIMEOUT_S)


async def _verify_all(
    connections: list[asyncpg.Connection[asyncpg.Record]],
    outside: Outside | None,
    trusted: dict[str, PublicKey],
    client: str,
    *,
    quiet: bool,
) -> list[Report]:
    from aidial_api.kernel.audit_chain.verifying import verify_chain  # noqa: PLC0415

    chains = await _chains(connections[0], outside, client)
    total, done, reports = sum(one.seq for one in chains), 0, []
    with nullcontext(_nothing) if quiet else progress_bar("Verifying", total) as tell:
        for known in chains:
            files = None if outside is None else await outside.read_all(known.chain)

            def on_progress(count: int, before: int = done) -> None:
                tell(min(before + count, total))

            reports.append(await verify_chain(connections, known, files, trusted, on_progress))
            done += reports[-1].sealed
    return reports


def _nothing(_done: int) -> None:
    """No bar where only JSON may be written."""


async def _chains(
    connection: asyncpg.Connection[asyncpg.Record], outside: Outside | None, client: str
) -> list[Known]:
    """What the database knows of, and what only checkpoints still tell of."""
    from aidial_api.kernel.audit_chain.verifying import Known, known_chains  # noqa: PLC0415

    chains = {one.chain: one for one in await known_chains(connection)}
    if outside is not None:
        chains = {name: Known(name, 0, 0) for name in await outside.chains()} | chains
    if not client:
        return sorted(chains.values(), key=lambda one: one.chain)
    return [chains.get(client, Known(client, 0, 0))]


def _summary(reports: list[Report], seconds: float) -> dict[str, Any]:
    sealed = sum(report.sealed for report in reports)
    return {
        "intact": not any(report.bad for report in reports),
        "waiting_late": sum(report.waiting_late for report in reports),
        "events": sealed,
        "seconds": round(seconds, 3),
        "events_per_second": round(sealed / seconds),
        "chains": [
            {**msgspec.to_builtins(report), "first_bad": msgspec.to_builtins(report.first)}
            for report in reports
        ],
    }


def _tell(reports: list[Report], seconds: float) -> None:
    for report in reports:
        _tell_chain(report)
    sealed, bad = sum(report.sealed for report in reports), sum(report.bad for report in reports)
    late = sum(report.waiting_late for report in reports)
    speed = (
        f"{sealed:,} events of {len(reports)} chains in {seconds:.1f} s ({sealed / seconds:,.0f} a second)"
    )
    found = f"NOT what they were, {bad:,} findings" if bad else "all as they were sealed"
    unproven = f"; {late:,} events are NOT sealed in time, and nothing proves them" if late else ""
    typer.echo(f"{speed}: {found}{unproven}")


def _tell_chain(report: Report) -> None:
    vouched = f"checkpoints vouch for {report.vouched_for:,}" if report.checkpoints else "no checkpoint"
    late = (
        f", {report.waiting_late:,} for more than 10 s: is a worker running?" if report.waiting_late else ""
    )
    waits = f", {report.waiting:,} wait for their seal{late}" if report.waiting else ""
    typer.echo(
        f"{'BAD' if report.bad else 'ok '}  {report.chain}: {report.sealed:,} sealed, {vouched}{waits}"
    )
    shown = sorted(report.findings, key=lambda one: (one.seq == 0, one.seq))[:_SHOWN]
    for one in shown:
        named = ((f"seal {one.seq}", one.seq), (f"event {one.event_id}", one.event_id))
        what = ", ".join([one.kind, *(words for words, is_known in named if is_known)])
        first = "first bad event: " if one is shown[0] else ""
        typer.echo(f"     {first}{what}: {one.words}")
    if report.bad > len(shown):
        typer.echo(f"     and {report.bad - len(shown):,} more")
