"""Every page draws, carries no inline style or script, and never lets a caller's words become markup."""

from __future__ import annotations

import dataclasses
import gzip
import re
from html.parser import HTMLParser
from typing import Any, Literal

import msgspec
import pytest

from aidial_contract.shapes.settings import IpAllowlist
from aidial_portal.design import assets, errors, examples, policy, report_examples
from aidial_portal.design.context import (
    BareContext,
    CallRowsFragment,
    Chip,
    DashboardPage,
    Incident,
    Page,
    SecurityState,
    ShellContext,
    SignInPage,
    Turn,
)
from aidial_portal.design.engine import render

EVIL = "\"><script>alert(1)</script><img src=x onerror='alert(1)'>"
BARE = BareContext(csp_nonce="n0nce", request_id="r-12345678")
SHELL = examples.shell(csp_nonce="n0nce")
SECURITY_STATES: tuple[SecurityState, ...] = (
    "required",
    "satisfied",
    "pending",
    "failed",
    "optional",
    "unavailable",
)
TRANSCRIPT_STATES = (
    "available", "live", "missing", "hidden", "retention_expired", "redaction_failed", "truncated",
    "incomplete", "error",
)  # fmt: skip

READERS: tuple[Literal["edit", "summary", "history"], ...] = ("edit", "summary", "history")
MODES: tuple[Literal["edit", "summary"], ...] = ("edit", "summary")
STATUSES = (400, 401, 403, 418, 429, 502, 503)

DOCUMENTS: dict[str, tuple[Page, ShellContext | BareContext]] = {
    "dashboard": (examples.dashboard(), SHELL),
    "dashboard, 90 days": (examples.dashboard(90), SHELL),
    "dashboard, no data": (dataclasses.replace(examples.dashboard(), state="no_data"), SHELL),
    "dashboard, closed": (dataclasses.replace(examples.dashboard(), state="not_available"), SHELL),
    "dashboard, failed": (
        dataclasses.replace(examples.dashboard(), kpis=(), chart=None, failures=("No answer.",)),
        SHELL,
    ),
    "calls": (examples.calls(), SHELL),
    "calls, open": (examples.calls(expanded=True), SHELL),
    "calls, open beyond the page": (
        dataclasses.replace(examples.calls(expanded=True), rows=examples.rows()[4:]),
        SHELL,
    ),
    "calls, no match": (examples.calls("no_match"), SHELL),
    "calls, no data": (examples.calls("no_data"), SHELL),
    "calls, closed": (examples.calls("not_available"), SHELL),
    "calls of staff": (
        dataclasses.replace(
            examples.calls(),
            show_project=False,
            filters=dataclasses.replace(examples.filters(), show_caller=False),
        ),
        examples.shell(csp_nonce="n0nce", projects=(), current_project=None, search=None, density="compact"),
    ),
    "operations": (examples.ops(), examples.shell(csp_nonce="n0nce", nav=SHELL.nav[:1], theme="dark")),
    "projects": (examples.workspace(), SHELL),
    "account with codes by SMS": (
        dataclasses.replace(
            examples.account("optional"),
            security=dataclasses.replace(
                examples.account("optional").security, allowed_factors=("totp", "email_otp", "sms_otp")
            ),
        ),
        SHELL,
    ),
    "active sessions": (examples.active_sessions(), SHELL),
    "history of settings": (examples.settings_history(), SHELL),
    "no history of settings": (examples.settings_history(is_empty=True), SHELL),
    **{
        f"project, {kind}, {'edited' if may_edit else 'read'}": (
            examples.project(kind, may_edit=may_edit),
            SHELL,
        )
        for kind in ("profile", "taxonomy", "transfer-routing")
        for may_edit in (True, False)
    },
    **{
        f"settings, {name}, {mode}": (examples.settings(name, mode=mode), SHELL)
        for name in (
            "tenant_settings",
            "ip_allowlist",
            "session_policy",
            "business_hours",
            "call_limits",
            "compliance_copy",
            "notifications",
            "transfer_settings",
            "transfer_alerts",
        )
        for mode in MODES
    },
    **{
        f"settings, reports, {mode}": (report_examples.settings(mode), SHELL)
        for mode in READERS
    },
    "settings, no reports yet": (report_examples.nothing_yet(), SHELL),
    "settings, no networks": (
        dataclasses.replace(
            examples.settings("ip_allowlist"), value=IpAllowlist(enabled=False, entries=[]), changed_at=None
        ),
        SHELL,
    ),
    "components": (examples.components(), SHELL),
    "sign-in": (SignInPage(csrf_token="t", error="Enter an address", notice="You are signed out."), BARE),
    "address refused": (errors.address_refused("r-12345678", "203.0.113.9"), BARE),
    "not found, signed in": (errors.error_page(404, "r-12345678"), SHELL),
    "access denied": (errors.access_denied("r-12345678", auth_csrf_token="t"), BARE),
    **{f"error {status}": (errors.error_page(status, "r-12345678"), BARE) for status in STATUSES},
    **{f"account, {state}": (examples.account(state), SHELL) for state in SECURITY_STATES},
}  # fmt: skip


class Reader(HTMLParser):
    """Collects what a page must not have, and what it must."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.attributes: list[tuple[str, str, str | None]] = []
        self.scripts: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.headings = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.headings += tag == "h1"
        if tag == "script":
            self.scripts.append(dict(attrs))


@pytest.mark.parametrize("name", [*DOCUMENTS])
def test_every_page_draws_with_one_heading_and_nothing_inline(name: str) -> None:
    page, shell = DOCUMENTS[name]
    html = render(page, shell)
    read = Reader(html)
    assert html.startswith("<!doctype html>")
    assert read.headings == 1
    assert [
        tag for tag, attribute, _ in read.attributes if attribute == "style" or attribute.startswith("on")
    ] == []
    assert read.scripts
    assert all(script.get("nonce") == "n0nce" and script.get("src") for script in read.scripts)
    assert "<style" not in html
    assert len(read.ids) == len(set(read.ids))


@pytest.mark.parametrize("name", [*DOCUMENTS])
def test_every_label_points_at_a_field_that_exists(name: str) -> None:
    read = Reader(render(*DOCUMENTS[name]))
    pointing = {"for", "aria-labelledby", "aria-controls", "aria-describedby", "form"}
    for tag, attribute, value in read.attributes:
        if attribute in pointing and value:
            assert set(value.split()) <= set(read.ids), (tag, attribute, value)


@pytest.mark.parametrize("state", TRANSCRIPT_STATES)
def test_a_review_says_what_is_not_in_the_transcript(state: str) -> None:
    html = render(examples.review(state))
    assert "<html" not in html
    assert ("panel-state" in html) == (state != "available")


def test_more_rows_come_without_a_page_around_them() -> None:
    html = render(CallRowsFragment(examples.calls()))
    assert html.count("row-item") == 12
    assert "<html" not in html
    assert "Load more" in html


def _poison(value: Any) -> Any:
    """Replace every free text in a context by an attack; codes that choose an icon or an address stay."""
    kept = {
        "state",
        "timezone",
        "kind",
        "better",
        "tone",
        "theme",
        "density",
        "icon",
        "anchor",
        "csp_nonce",
        "sort",
        "mode",
    }
    if isinstance(value, str):
        return EVIL
    if isinstance(value, tuple):
        return tuple(_poison(item) for item in value)
    if isinstance(value, list):
        return [_poison(item) for item in value]
    if isinstance(value, msgspec.Struct):
        poisoned = {name: _poison(getattr(value, name)) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **poisoned)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(
            value,
            **{
                item.name: _poison(getattr(value, item.name))
                for item in dataclasses.fields(value)
                if item.name not in kept and not item.name.endswith("_url")
            },
        )
    return value


@pytest.mark.parametrize("name", [*DOCUMENTS])
def test_a_caller_who_says_markup_only_says_text(name: str) -> None:
    page, shell = (_poison(item) for item in DOCUMENTS[name])
    html = render(page, shell)
    assert "<script>" not in html
    assert "<img" not in html
    assert not [entry for entry in Reader(html).attributes if entry[1].startswith("on")]


def test_a_spoken_tag_is_shown_as_it_was_said() -> None:
    html = render(dataclasses.replace(examples.review(), turns=(Turn("caller", "<b>loud</b>", 0),)))
    assert "&lt;b&gt;loud&lt;/b&gt;" in html


def test_someone_without_a_script_can_still_switch_project_and_sign_out() -> None:
    html = render(examples.calls(), SHELL)
    assert '<form method="post" action="/api/auth/signout"' in html
    assert 'name="csrfToken" value="example"' in html
    assert 'href="/calls?project_id=project-2"' in html


def test_a_removed_chip_and_an_incident_are_links() -> None:
    shell = examples.shell(
        csp_nonce="n0nce",
        incidents=(Incident("Calls are delayed.", "We are on it.", tone="bad", dismiss="x"),),
    )
    page = dataclasses.replace(examples.calls(), chips=(Chip("Status", "Missed", "/calls?range=7d"),))
    html = render(page, shell)
    assert 'aria-label="Remove the filter Status Missed"' in html
    assert "incident-bad" in html


def test_a_page_weighs_less_than_120_kilobytes_compressed() -> None:
    for page in (examples.calls(expanded=True), examples.dashboard(90)):
        assert isinstance(page, DashboardPage) or page.rows
        html = render(page, SHELL)
        paths = set(re.findall(rf"/static/{assets.version()}/([^\"]+\.(?:css|js))", html)) | {"js/http.js"}
        sizes = [len(gzipped) for path in paths if (gzipped := assets.all_assets()[path].gzipped)]
        assert sum(sizes) + len(gzip.compress(html.encode())) < 120_000


def test_the_policy_allows_scripts_by_nonce_only() -> None:
    header = policy.content_security_policy("n0nce", {"https://id.example", "https://a.example"})
    assert "default-src 'none'" in header
    assert "script-src 'nonce-n0nce';" in header
    assert "form-action 'self' https://a.example https://id.example;" in header
    assert "unsafe" not in header
