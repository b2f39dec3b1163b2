"""Example contexts: what the components page, the previews and the tests draw. Nobody in them exists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

from aidial_contract.shapes.settings import AllowlistEntry, IpAllowlist, SessionPolicy, TenantSettings

from . import context as c
from . import project_examples as project_settings

ZONE: Final = "Australia/Sydney"
NOW: Final = datetime(2026, 11, 22, 4, 5, tzinfo=UTC)
_CALL: Final = "0193a5c0-0000-7000-8000-{:012d}"
SPOKEN: Final = frozenset({"available", "truncated", "incomplete", "live"})
"""The states of a transcript of which there are turns to show."""
_PROJECTS: Final = ("Reception", "After hours", "Recalls")


def shell(current: str = "Calls", **changes: object) -> c.ShellContext:
    """Give the shell as a client_admin sees it; `changes` replace fields."""
    names = ("Dashboard", "Calls", "Support", "Billing", "Activity", "Settings", "Status")
    paths = ("/", "/calls", "/support", "/billing/usage", "/audit-log", "/settings", "/status")
    projects = tuple(
        c.ProjectChoice(f"project-{number}", name, f"/calls?project_id=project-{number}")
        for number, name in enumerate(_PROJECTS)
    )
    fields: dict[str, object] = {
        "user_name": "Alice Nguyen",
        "role_label": "Administrator",
        "tenant_name": "Harbour Dental",
        "nav": tuple(
            c.NavItem(name, path, name.lower(), is_current=name == current)
            for name, path in zip(names, paths, strict=True)
        ),
        "csrf_token": "example",
        "auth_csrf_token": "example",
        "csp_nonce": "example",
        "request_id": _CALL.format(1),
        "projects": projects,
        "current_project": projects[0],
        "all_projects_url": "/calls",
        "search": c.SearchBox(hidden=(("project_id", "project-0"),)),
    }
    return c.ShellContext(**(fields | changes))  # type: ignore[arg-type] # the fields above are the class's own


def _row(number: int, ago: timedelta, *rest: str | int | None) -> c.CallRow:
    caller, seconds, status, outcome, sentiment = rest
    return c.CallRow(
        call_id=_CALL.format(number),
        started_at=NOW - ago,
        caller=caller if isinstance(caller, str) else None,
        duration_seconds=seconds if isinstance(seconds, int) else None,
        status=str(status),
        outcome=outcome if isinstance(outcome, str) else None,
        sentiment=str(sentiment),
        agent_name="Harbour receptionist",
        project_name=_PROJECTS[number % 3],
        expand_url=f"/calls?expand={_CALL.format(number)}",
        timezone=ZONE,
        direction="outbound" if number == 4 else "inbound",  # noqa: PLR2004 - one of each is enough
        needs_attention=number == 2,  # noqa: PLR2004
    )


def rows() -> tuple[c.CallRow, ...]:
    """Give a dozen calls, one of every status and sentiment."""
    minutes, hours, days = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
    return (
        _row(1, 12 * timedelta(seconds=1), "+61412345678", None, "live", None, "unknown"),
        _row(2, 4 * minutes, "+61280000001", 252, "completed", "Appointment booked", "upset"),
        _row(3, 38 * minutes, "+61498765432", 98, "completed", "Opening hours asked", "positive"),
        _row(4, 2 * hours, "+61399990000", 0, "missed", None, "unknown"),
        _row(5, 3 * hours, None, 431, "completed", "Appointment moved", "neutral"),
        _row(
            6, 5 * hours, "+61 ... 678", 3901, "completed", "Emergency transferred to the dentist", "positive"
        ),
        _row(7, 20 * hours, "+14155550123", 12, "failed", None, "unknown"),
        _row(8, 26 * hours, "+61411222333", 187, "completed", "Appointment booked", "positive"),
        _row(9, 3 * days, "+61755501234", 66, "unknown", "Price asked", "neutral"),
        _row(10, 5 * days, "+61487654321", 240, "completed", "Appointment cancelled", "neutral"),
        _row(11, 19 * days, "+61265551234", 305, "completed", "Appointment booked", "positive"),
        _row(12, 340 * days, "+61412000111", 77, "completed", "Message taken", "neutral"),
    )


def turns() -> tuple[c.Turn, ...]:
    """Give a short conversation with redactions."""
    call = "My number is [PHONE], and my Medicare card is [MEDICARE]."
    return (
        c.Turn("system", "The caller was told that the call is recorded", 0),
        c.Turn("agent", "Harbour Dental, this is the receptionist. How can I help you today?", 1_200),
        c.Turn("caller", "Hi, I chipped a tooth last night. Could I see someone before lunch?", 6_900),
        c.Turn("agent", "I am sorry to hear that. Dr Lim has a place at 11:15 am. Shall I book it?", 12_400),
        c.Turn(
            "caller",
            f"Yes please. {call}",
            19_800,
            tuple(
                c.Redaction(kind, (at := f"Yes please. {call}".index(f"[{kind}]")), at + len(kind) + 2)
                for kind in ("PHONE", "MEDICARE")
            ),
        ),
        c.Turn("agent", "Thank you. You are booked for 11:15 am, and a reminder is on its way.", 31_000),
    )


def review(state: str = "available") -> c.CallReview:
    """Give the review of the second row."""
    row = rows()[1]
    return c.CallReview(
        call_id=row.call_id,
        timezone=ZONE,
        started_at=row.started_at,
        ended_at=row.started_at + timedelta(seconds=252),
        duration_seconds=252,
        end_reason="caller_hangup",
        from_number=row.caller,
        to_number="+61290001234",
        message_count=6,
        caller_sentiment="upset",
        agent_sentiment="positive",
        consent_state="obtained",
        transcript_state=state,
        deleted_for="request" if state == "retention_expired" else None,
        close_url="/calls",
        turns=turns() if state in SPOKEN else (),
        removed=(("PHONE", 1), ("MEDICARE", 1)) if state in SPOKEN else (),
        summary="The caller chipped a tooth and wanted to come in early. Booked with Dr Lim at 11:15 am.",
        outcome=row.outcome,
        resolution="Resolved by the agent",
        agent_name=row.agent_name,
        attention_reason="The caller was upset.",
        booking_at=NOW + timedelta(hours=20),
        error_request_id=_CALL.format(9) if state == "error" else None,
    )


def filters() -> c.CallFilters:
    """Give the filter bar of a role that may search callers."""
    statuses = ("live", "completed", "missed", "failed", "unknown")
    return c.CallFilters(
        ranges=_ranges("/calls", ("Today", "7 days", "30 days")),
        status=c.Select(
            "status",
            "Status",
            (c.Choice("Any"), *(c.Choice(status.capitalize(), status) for status in statuses)),
        ),
        more=(
            c.Select("sentiment", "Caller felt", (c.Choice("Any"), c.Choice("Upset", "upset"))),
            c.Select("direction", "Direction", (c.Choice("Any"), c.Choice("Outbound", "outbound"))),
        ),
        range_value="7d",
        from_date=date(2026, 11, 16),
        to_date=date(2026, 11, 22),
    )


def _ranges(path: str, words: tuple[str, ...]) -> tuple[c.Choice, ...]:
    return tuple(
        c.Choice(word, url=f"{path}?range={number}", is_current=number == 1)
        for number, word in enumerate(words)
    )


def calls(state: c.ListState = "ready", *, expanded: bool = False) -> c.CallsPage:
    """Give the call log in a state."""
    return c.CallsPage(
        state=state,
        timezone=ZONE,
        now=NOW,
        filters=filters(),
        rows=rows() if state == "ready" else (),
        chips=(
            c.Chip("Date", "Last 7 days", "/calls?status=completed"),
            c.Chip("Direction", "Inbound", "/calls?range=7d"),
        ),
        sort_duration_url="/calls?sort=-duration",
        matching_count=412 if state == "ready" else 0,
        next_url="/calls?cursor=example" if state == "ready" else None,
        expanded=review() if expanded else None,
    )


def dashboard(days: int = 7) -> c.DashboardPage:
    """Give the dashboard over a number of days."""
    day = timedelta(days=1)
    bars = tuple(
        c.Bar(
            f"{at.day} {at:%b}",
            f"{at:%a} {at.day} {at:%b %Y}",
            (at.toordinal() * 37) % 61 + (at.weekday() < 5) * 40,  # noqa: PLR2004
        )
        for at in (NOW - day * back for back in range(days - 1, -1, -1))
    )
    return c.DashboardPage(
        state="ready",
        timezone=ZONE,
        now=NOW,
        period_label=f"Last {days} days",
        ranges=_ranges("/", ("Today", "7 days", "30 days", "90 days")),
        kpis=(
            c.Kpi("Total calls", 412, "count", 368, "up", "/calls"),
            c.Kpi("Talk minutes", 1841, "minutes", 1702, "neither"),
            c.Kpi("Average duration", 268, "seconds", 278, "neither"),
            c.Kpi("Positive sentiment", 71, "percent", 66, "up"),
            c.Kpi("Missed", 18, "count", 12, "down", "/calls?status=missed"),
            c.Kpi("Failed", 0, "count", None, "down"),
        ),
        chart=c.BarChart(
            "volume", "Call volume", "calls", "Sydney", bars, csv_url="/api/analytics/volume.csv"
        ),
        capabilities=(
            c.Kpi("Bookings", 96, "count", 81, "up", "/calls?booking=yes"),
            c.Kpi("Transfers", 14, "count", 14, "neither", "/calls?transfer=yes"),
            c.Kpi("Leads captured", 9, "count", None, "up"),
        ),
        heat=c.HeatMap(
            "heat",
            "When people call",
            "calls",
            ZONE,
            tuple(
                tuple(
                    (hour * 7 + weekday * 5) % 11 if 7 <= hour < 19 and weekday < 6 else 0  # noqa: PLR2004
                    for hour in range(24)
                )
                for weekday in range(7)
            ),
            csv_url="/api/analytics/heat.csv",
        ),
        tables=(
            c.BarTable(
                "sentiment",
                "How callers felt",
                "Caller felt",
                "calls",
                tuple(
                    c.Share(word.capitalize(), value, "/calls", word)
                    for word, value in (("positive", 292), ("neutral", 88), ("upset", 30), ("unknown", 2))
                ),
                412,
                "No calls in this period.",
                csv_url="/api/analytics/sentiment.csv",
            ),
            c.BarTable("outcome", "Outcomes", "Outcome", "calls", (), 0, "No calls in this period."),
        ),
        summary_csv_url="/api/analytics/summary.csv",
        updated_at=NOW,
    )


def account(state: c.SecurityState = "required") -> c.AccountPage:
    """Give the account page with two sessions."""
    return c.AccountPage(
        timezone=ZONE,
        now=NOW,
        profile=(
            ("Name", "Alice Nguyen"),
            ("E-mail", "alice@harbour-dental.example"),
            ("Role", "Administrator"),
            ("Organisation", "Harbour Dental"),
        ),
        security=c.SecurityPanel(
            state,
            ("totp", "recovery_code"),
            enrolled=state in {"satisfied", "pending", "failed"},
            challenged=state == "satisfied",
            setup_url="https://id.example/ui/mfa",
        ),
        sessions=(
            c.SessionRow(
                "s-1", "Chrome on macOS", "Sydney, Australia", NOW - timedelta(hours=3), NOW, is_current=True
            ),
            c.SessionRow(
                "s-2",
                "Safari on iPhone",
                None,
                NOW - timedelta(days=4),
                NOW - timedelta(hours=22),
                is_current=False,
            ),
        ),
        is_gated=state == "required",
    )


def ops() -> c.OpsHomePage:
    """Give the start page of operations."""
    return c.OpsHomePage(
        (
            c.OpsTile("Incidents", "Publish what customers should know.", "/ops/incidents", 1),
            c.OpsTile("Tenants", "Every client, its state and its partner.", "/ops/tenants", 38),
            c.OpsTile("Jobs", "What the worker is doing and what failed.", "/ops/jobs", 0),
            c.OpsTile("Components", "The design system on one page.", "/ops/components"),
        )
    )


def settings(name: str = "tenant_settings", *, mode: Literal["edit", "summary"] = "edit") -> c.SettingsPage:
    """Give a section as an administrator changes it, or as a manager reads it."""
    titles = {
        "tenant_settings": "Organisation",
        "ip_allowlist": "IP allowlist",
        "session_policy": "Session limits",
        **project_settings.TITLES,
    }
    values = {
        "tenant_settings": TenantSettings(
            timezone=ZONE,
            regional_format="en-AU",
            billing_contact="accounts@harbour-dental.example",
            display_name="Harbour Dental",
        ),
        "ip_allowlist": IpAllowlist(
            enabled=True,
            entries=[
                AllowlistEntry(cidr="203.0.113.0/24", label="The practice"),
                AllowlistEntry(cidr="2001:db8:7::/48", label="Dr Nguyen at home"),
            ],
        ),
        "session_policy": SessionPolicy(idle_minutes=15, concurrent_sessions=2),
        **project_settings.VALUES,
    }
    per_project = project_settings.document(name, mode=mode)
    return c.SettingsPage(
        sections=(
            c.SectionGroup(
                "Your organisation",
                tuple(
                    c.SectionLink(slug, title, f"/settings?section={slug}", is_current=one == name)
                    for one, title in titles.items()
                    for slug in (one.replace("_", "-"),)
                ),
            ),
        ),
        kind=name,
        title=titles[name],
        about="What this section is for, in a sentence.",
        action=f"/api/settings/{name.replace('_', '-')}",
        history_url=f"/settings/{name.replace('_', '-')}/history",
        mode=mode,
        version=3,
        value=values[name],
        timezone=ZONE,
        now=NOW,
        your_address="203.0.113.9",
        counts={"entries": 2, "days": 2},
        changed_at=NOW - timedelta(days=2),
        changed_by="alice@harbour-dental.example",
        zones=("Australia/Sydney", "Australia/Perth"),
        formats=("en-AU", "en-NZ"),
        document=per_project,
        opening=project_settings.OPENING if name == "business_hours" else None,
        projects=project_settings.PROJECTS if per_project is not None else (),
        project_ref=project_settings.PROJECTS[0].ref if per_project is not None else "",
    )


def settings_history(*, is_empty: bool = False) -> c.SettingsHistoryPage:
    """Give who changed a section, with every way a change can look."""
    page = settings("ip_allowlist")
    rows = (
        c.ChangeRow(
            4,
            NOW - timedelta(hours=2),
            "alice@harbour-dental.example",
            (
                c.ChangedField("Answer only the networks on the list", ("No",), ("Yes",)),
                c.ChangedField("Networks", (), ("203.0.113.0/24 · The practice",), 1),
            ),
            (),
        ),
        c.ChangeRow(3, NOW - timedelta(days=3), None, (), ("Networks",)),
        c.ChangeRow(2, NOW - timedelta(days=30), "AiDial", (), (), is_known=False),
    )
    return c.SettingsHistoryPage(
        sections=page.sections,
        title=page.title,
        kind=page.kind,
        section_url="/settings?section=ip-allowlist",
        url="/settings/ip-allowlist/history",
        next_url="" if is_empty else "/settings/ip-allowlist/history?cursor=x",
        is_first=is_empty,
        rows=() if is_empty else rows,
        timezone=ZONE,
        now=NOW,
    )


def active_sessions() -> c.ActiveSessionsPage:
    """Give the same two sessions as a section of settings."""
    slug = "active-sessions"
    link = c.SectionLink(slug, "Active sessions", f"/settings?section={slug}", is_current=True)
    menu = (c.SectionGroup("You", (link,)),)
    return c.ActiveSessionsPage(menu, account().sessions or (), ZONE, NOW)


def workspace() -> c.WorkspacePage:
    """Give a partner's projects."""
    lines = (("Front desk", "Harbour Dental", True), ("Old line", "Bayside Physio", False))
    return c.WorkspacePage(
        rows=tuple(
            c.WorkspaceRow(name, client, ZONE, is_active, f"/projects/project-{number}")
            for number, (name, client, is_active) in enumerate(lines)
        )
    )


def project(kind: str = "taxonomy", *, may_edit: bool = True) -> c.ProjectPage:
    """Give a project's section with something saved that nobody published yet."""
    values: dict[str, dict[str, object]] = {
        "profile": {"display_name": "Front desk", "timezone": ZONE},
        "taxonomy": {
            "outcomes": [{"code": "appointment_booked", "label": "Appointment booked"}],
            "resolutions": [],
            "call_types": [{"code": "insurance", "label": "Insurance"}],
        },
        "transfer-routing": {
            "destinations": [
                {"code": "front_desk", "label": "Front desk", "number": "+61280000001", "mode": "warm"}
            ]
        },
    }
    return c.ProjectPage(
        name="Front desk",
        client_name="Harbour Dental",
        sections=tuple(
            c.NavItem(one.capitalize(), f"/projects/p?section={one}", "projects", is_current=one == kind)
            for one in values
        ),
        kind=kind,
        title=kind.capitalize(),
        about="What this section is for, in a sentence.",
        value=values[kind],
        version=4,
        may_edit=may_edit,
        is_published=False,
        action=f"/api/workspace/projects/project-0/draft/{kind}",
        publish_action="/api/workspace/projects/project-0/publish",
        timezone=ZONE,
        now=NOW,
        changed_at=NOW - timedelta(hours=2),
        number=2,
        published_at=NOW - timedelta(days=9),
        published_by="priya@southern-cross-voice.example",
    )


def components() -> c.ComponentsPage:
    """Give everything the components page draws."""
    return c.ComponentsPage(
        calls=calls(expanded=True),
        review=replace(review(), call_id=_CALL.format(99)),
        dashboard=dashboard(),
        account=account(),
    )
