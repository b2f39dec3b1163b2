"""What is `reports`' own: recipients are sealed, and a save that turns it on asks for last month's report."""

from __future__ import annotations

from typing import Any, Final

import asyncpg

from aidial_api.kernel import monthly_reports
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.clock import utc_now
from aidial_api.kernel.masking import mask_address
from aidial_api.kernel.months import month_of, moved
from aidial_api.surfaces.settings.way import Ways
from aidial_contract.shapes.reports import MonthlySummary, NewReports, Reports, ReportsReach


def _off(_: asyncpg.Record) -> Reports:
    return monthly_reports.nobody()


def _settled(_: Ask, new: NewReports, __: Any) -> Reports:
    summary = new.monthly_summary
    return Reports(
        monthly_summary=MonthlySummary(enabled=summary.enabled, recipients=list(summary.recipients))
    )


async def _kept(ask: Ask, value: Reports) -> str:
    key = await ask.services.tenant_keys.get(ask.tx, ask.found["client_id"])
    return monthly_reports.sealed(key, value)


async def _read(ask: Ask, text: str, _: Any) -> Reports:
    key = await ask.services.tenant_keys.get(ask.tx, ask.found["client_id"])
    return monthly_reports.opened(key, text)


async def _asked(ask: Ask, value: Reports) -> None:
    """The first report is last month's, and comes at once; one that is there already is not made again."""
    if value.monthly_summary.enabled:
        client_id, timezone = ask.found["client_id"], ask.found["timezone"]
        month = moved(month_of(utc_now(), timezone), -1)
        await monthly_reports.ask_for(ask.tx, client_id, month, timezone)


def _with(value: Reports, recipients: list[str]) -> Reports:
    enabled = value.monthly_summary.enabled
    return Reports(monthly_summary=MonthlySummary(enabled=enabled, recipients=recipients))


def _masked(value: Reports) -> Reports:
    return _with(value, [mask_address(one) for one in value.monthly_summary.recipients])


def _emptied(value: Reports) -> Reports:
    return _with(value, [])


async def _reaches(ask: Ask, _: Any) -> dict[str, Any]:
    """The API knows by the settings that it shares with the worker."""
    return {"reaches": ReportsReach(email=ask.services.settings.smtp is not None)}


REPORTS: Final = Ways(
    default=_off,
    settled=_settled,
    applied=_asked,
    kept=_kept,
    read=_read,
    more=_reaches,
    masked=_masked,
    in_history=_masked,
    emptied=_emptied,
)
