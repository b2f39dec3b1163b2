"""Would the line be open at a moment? By the saved hours and the holidays of their calendar, in its zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from aidial_api.kernel import public_holidays
from aidial_api.kernel.ask import Ask
from aidial_api.kernel.route import Answer
from aidial_api.surfaces.settings.handlers import working_copy
from aidial_contract import errors
from aidial_contract.fault import Fault, FieldError
from aidial_contract.opening import Moment, next_change, parse_moment, standing
from aidial_contract.sections import BY_SLUG
from aidial_contract.shapes.project_settings import BusinessHours, OpeningPreview

SECTION: Final = BY_SLUG["business-hours"]


async def preview(ask: Ask) -> Answer:
    """400 `unsupported_query_value` when `at` is no time."""
    zone = ZoneInfo(ask.found["timezone"])
    text = ask.query["at"]
    moment = Moment(datetime.now(UTC)) if text is None else parse_moment(text, zone)
    if moment is None:
        raise Fault(errors.UNSUPPORTED_QUERY_VALUE, field_errors=[FieldError("query.at", "format")])
    hours: BusinessHours = await working_copy(SECTION, ask, ask.found)
    await public_holidays.ready(hours.calendar, moment.at.year)
    found = standing(hours, moment.at, zone, public_holidays.name_of)
    return Answer(
        OpeningPreview(
            at=moment.at,
            local=f"{moment.at.astimezone(zone):%Y-%m-%dT%H:%M}",
            timezone=ask.found["timezone"],
            clocks=moment.clocks,
            open=found.is_open,
            rule=found.rule,
            label=found.label,
            changes_at=next_change(hours, moment.at, zone, public_holidays.name_of),
        )
    )
