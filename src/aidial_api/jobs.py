"""Every background job, as `routes.py` has every route: what is not listed here is never run.

The one thing a newcomer would get wrong: a name is stable for ever, because queued jobs of an earlier version
carry it.
"""

from __future__ import annotations

from collections.abc import Mapping

from aidial_api.kernel import call_counts, idempotency, monthly_reports
from aidial_api.kernel.outgoing import forgetting
from aidial_api.kernel.outgoing.sending import Sent, Writer, send_job
from aidial_api.surfaces.account_exports import clearing, making
from aidial_api.surfaces.billing.embedded import issuing
from aidial_api.surfaces.calls import endings, stalled
from aidial_api.surfaces.deletions import executing
from aidial_api.surfaces.governance import retention
from aidial_api.surfaces.notifications import announcing, transfers, writing
from aidial_api.surfaces.recordings import deleting, measuring
from aidial_api.surfaces.reports import making as reports
from aidial_api.surfaces.reports.writing import note_sent, write_report
from aidial_api.surfaces.sessions import expiry

WRITERS: Mapping[str, Writer] = {
    "call_transcript": writing.write_transcript,
    "call_summary": writing.write_summary,
    transfers.KIND: transfers.write,
    monthly_reports.KIND: write_report,
}
"""Who writes each kind of message."""
NOTED: Mapping[str, Sent] = {monthly_reports.KIND: note_sent}
"""Who writes down that a kind of message left."""

JOBS = (
    stalled.CHECK,
    endings.COMPLETE,
    expiry.EXPIRE,
    idempotency.SWEEP,
    issuing.ISSUE,
    call_counts.FOLD,
    measuring.MEASURE,
    deleting.DELETE,
    deleting.COLLECT,
    retention.RUN,
    announcing.ANNOUNCE,
    transfers.ALERT,
    send_job(WRITERS, NOTED),
    reports.MAKE,
    executing.EXECUTE,
    forgetting.SWEEP,
    making.MAKE,
    clearing.CLEAR,
    clearing.EXPIRE,
)
