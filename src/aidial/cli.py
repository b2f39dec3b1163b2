"""`aidial`: one command for everything. Each sub-command is a small module of `aidial.commands`.

The one thing a newcomer would get wrong: the servers' code is imported inside the commands, so that
`aidial --help` and the wrong-usage messages answer at once.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from aidial import ingest
from aidial.commands import (
    allowlist,
    analytics,
    audit,
    billing,
    bootstrap,
    db,
    demo,
    doctor,
    entitlements,
    keys,
    lists,
    seed,
    serve,
    services,
    sms_codes,
)
from aidial.stops import CommandStopped

app = typer.Typer(
    name="aidial",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="AiDial: the open, self-hosted control plane for AI phone calls.\n\n"
    "Try it:   aidial demo\n\n"
    "Run it:   aidial db migrate, aidial bootstrap, then aidial api, aidial portal and aidial worker\n\n"
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the activity log was tampered with, "
    "4 some of it waits for its seal, 69 something needed does not answer, 78 configuration.",
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        typer.echo(f"aidial {version('aidial')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Stay a group of commands."""


app.command("demo")(demo.command)
app.command("api")(serve.api)
app.command("portal")(serve.portal)
app.command("worker")(serve.worker)
app.command("idp")(serve.idp)
app.add_typer(db.app, name="db")
app.command("bootstrap")(bootstrap.command)
app.add_typer(keys.app, name="keys")
app.add_typer(services.app, name="service-accounts")
app.add_typer(allowlist.app, name="allowlist")
app.add_typer(entitlements.app, name="entitlements")
app.add_typer(sms_codes.app, name="sms-codes")
app.add_typer(audit.app, name="audit")
app.add_typer(billing.app, name="billing")
app.add_typer(analytics.app, name="analytics")
app.command("seed")(seed.command)
app.command("ingest")(ingest.command)
app.command("routes")(lists.routes)
app.command("errors")(lists.errors)
app.command("limits")(lists.limits)
app.command("doctor")(doctor.command)


def main() -> None:
    """Run the command line; expected failures end in a sentence and a code, never in a traceback."""
    try:
        app()
    except CommandStopped as stopped:
        print(f"aidial: {stopped}", file=sys.stderr)  # noqa: T201 - the command's own voice
        sys.exit(stopped.code)
    except BrokenPipeError:  # the reader of our output (head, less) has seen enough
        sys.stderr.close()
        sys.exit(0)
