"""`aidial routes`, `errors`, `limits`: what the code itself says, printed.

The one thing a newcomer would get wrong: nothing is written down here; every line comes from the tables the
servers run on.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from aidial.commands.owner import incomplete
from aidial_contract.settings import ConfigurationError, Setting, positive_int, positive_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aidial_contract.limits import Numbers

Row = tuple[str, ...]


def routes(
    app: Annotated[str, typer.Option("--app", help="api, portal or both.")] = "both",
) -> None:
    """Print every route of the API and the portal: method, path, who may, through what scope, which rate.

    Example: aidial routes --app api
    """
    if app not in {"api", "portal", "both"}:
        raise typer.BadParameter("must be api, portal or both", param_hint="--app")
    head = ("METHOD", "PATH", "ACCESS", "PERMISSION", "SCOPE", "RATE", "NAME")
    if app != "portal":
        typer.echo("aidial_api")
        _table(head, _api_routes())
    if app != "api":
        typer.echo("aidial_portal")
        _table(head, _portal_routes())


def _api_routes() -> Iterator[Row]:
    from aidial_api.routes import TABLE  # noqa: PLC0415

    for row in TABLE.rows:
        access = f"{row.access}, {row.auth}"
        yield (row.method, row.path, access, row.permission or "-", str(row.scope), row.bucket, row.name)


def _portal_routes() -> Iterator[Row]:
    from aidial_portal.kernel.route import Access  # noqa: PLC0415
    from aidial_portal.routes import all_rows  # noqa: PLC0415

    for row in all_rows():
        access = str(row.access) if isinstance(row.access, Access) else "by query"
        rate = row.bucket.name if row.bucket else "-"
        yield (row.method, row.path, access, row.permission or "-", str(row.scope.kind), rate, row.name)


def errors() -> None:
    """Print the error registry: status, code, category, whether to retry, and the message.

    The same list is public at /v1/errors.

    Example: aidial errors | grep 409
    """
    from aidial_contract.errors import ERRORS  # noqa: PLC0415

    _table(
        ("STATUS", "CODE", "CATEGORY", "RETRY", "MESSAGE"),
        (
            (str(row.status), row.code, str(row.category), "yes" if row.retryable else "no", row.message)
            for row in sorted(ERRORS.values(), key=lambda row: (row.status, row.code))
        ),
    )


def limits() -> None:
    """Print every limit with its setting: its default, and what it is in this environment.

    AIDIAL_LIMITS_SCALE multiplies rates and no size.

    Example: AIDIAL_LIMIT_READS=900/min aidial limits
    """
    from aidial_contract.limits import RATES, SCALE, SIZES  # noqa: PLC0415

    numbers = _numbers()
    head = ("SETTING", "DEFAULT", "HERE", "WHAT")
    typer.echo(f"Rates ({SCALE}={numbers.scale:g})")
    _table(head, ((row.setting, str(row), str(numbers.rate(row)), row.about) for row in RATES.values()))
    typer.echo("Sizes")
    _table(
        head,
        (
            (row.setting, row.shown(row), row.shown(numbers.size(row)), f"{row.about} ({row.unit})")
            for row in SIZES.values()
        ),
    )
    typer.echo("Times and counts of section 7 that are settings of one app")
    _table(("SETTING", "APP", "DEFAULT"), _settings())


def _numbers() -> Numbers:
    from aidial_contract.limits import SCALE, load_with_numbers  # noqa: PLC0415

    try:
        return load_with_numbers((Setting(SCALE, positive_number, default=1.0),), os.environ)[1]
    except ConfigurationError as error:
        raise incomplete(error) from None


def _settings() -> Iterator[Row]:
    from aidial_api.settings import SETTINGS as OF_API  # noqa: PLC0415
    from aidial_portal.settings import SETTINGS as OF_PORTAL  # noqa: PLC0415

    for app, settings in (("api", OF_API), ("portal", OF_PORTAL)):
        for setting in settings:
            if setting.read in {positive_int, positive_number}:
                shown = "required" if setting.required else f"{setting.default:g}"
                yield (setting.name, app, shown)


def _table(head: Row, rows: Iterable[Row]) -> None:
    """Columns as wide as their longest word; plain text, so that grep and cut work."""
    every: Sequence[Row] = [head, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(head))]
    for row in every:
        line = "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True))
        typer.echo(f"  {line.rstrip()}")
    typer.echo("")
