"""`aidial routes`, `errors`, `limits`: what the code itself says, printed.

The one thing a newcomer would get wrong: nothing is written down here; every line comes from the tables the
servers run on.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from aidial.commands.owner import read
from aidial_contract.settings import Setting, positive_number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Row = tuple[str, ...]
MIB, KIB = 1024 * 1024, 1024


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
    """Print every limit: its default, and what it is here under AIDIAL_LIMITS_SCALE (rates only, not sizes).

    Example: AIDIAL_LIMITS_SCALE=10 aidial limits
    """
    scale: float = read((Setting("AIDIAL_LIMITS_SCALE", positive_number, default=1.0),), os.environ)[
        "AIDIAL_LIMITS_SCALE"
    ]
    typer.echo(f"Rates (AIDIAL_LIMITS_SCALE={scale:g})")
    _table(("LIMIT", "DEFAULT", "HERE", "COUNTED"), [*_api_rates(scale), *_portal_rates(scale)])
    typer.echo("Sizes")
    _table(("LIMIT", "DEFAULT"), _sizes())
    typer.echo("Settings (environment variables)")
    _table(("NAME", "DEFAULT"), _settings())


def _scaled(amount: int, scale: float) -> str:
    return f"{max(1, int(amount * scale)):,}"


def _api_rates(scale: float) -> Iterator[Row]:
    from aidial_api.kernel.limits import BUCKETS, BURST_S  # noqa: PLC0415

    for bucket in BUCKETS.values():
        if bucket.per_minute:
            here = f"{_scaled(bucket.per_minute, scale)}/min"
            yield (f"api.{bucket.name}", f"{bucket.per_minute:,}/min", here, bucket.about)
        if bucket.per_burst:
            here = f"{_scaled(bucket.per_burst, scale)} in {BURST_S} s"
            yield (f"api.{bucket.name}", f"{bucket.per_burst:,} in {BURST_S} s", here, bucket.about)


def _portal_rates(scale: float) -> Iterator[Row]:
    from aidial_portal.kernel.limits import BUCKETS  # noqa: PLC0415

    for bucket in BUCKETS:
        window = {60: "min", 3_600: "h"}.get(bucket.window_seconds, f"{bucket.window_seconds} s")
        here = f"{max(1, round(bucket.amount * scale)):,}/{window}"
        yield (bucket.name, f"{bucket.amount:,}/{window}", here, f"per {bucket.per}")


def _sizes() -> Iterator[Row]:
    from aidial_api.kernel.hygiene import MAX_HEADER_BYTES, MAX_URI_BYTES  # noqa: PLC0415
    from aidial_api.routes import TABLE  # noqa: PLC0415
    from aidial_portal.routes import all_rows  # noqa: PLC0415

    yield ("header block", _size(MAX_HEADER_BYTES))
    yield ("URI", _size(MAX_URI_BYTES))
    for row in TABLE.rows:
        if row.body is not None:
            yield (f"body of {row.method} {row.path}", _size(row.body_limit_bytes))
    for portal_row in all_rows():
        if portal_row.body.media_types:
            yield (f"body of {portal_row.method} {portal_row.path}", _size(portal_row.body.limit_bytes))


def _size(size_bytes: int) -> str:
    if size_bytes % MIB == 0:
        return f"{size_bytes // MIB} MiB"
    return f"{size_bytes // KIB} KiB"


def _settings() -> Iterator[Row]:
    from aidial_api.settings import SETTINGS as OF_API  # noqa: PLC0415
    from aidial_portal.settings import SETTINGS as OF_PORTAL  # noqa: PLC0415

    for app, settings in (("api", OF_API), ("portal", OF_PORTAL)):
        for setting in settings:
            if isinstance(setting.default, (int, float)) and not isinstance(setting.default, bool):
                yield (f"{setting.name} ({app})", f"{setting.default:g}")


def _table(head: Row, rows: Iterable[Row]) -> None:
    """Columns as wide as their longest word; plain text, so that grep and cut work."""
    every: Sequence[Row] = [head, *rows]
    widths = [max(len(row[column]) for row in every) for column in range(len(head))]
    for row in every:
        line = "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True))
        typer.echo(f"  {line.rstrip()}")
    typer.echo("")
