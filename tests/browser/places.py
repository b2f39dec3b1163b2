"""The pages every measure is taken on, and who opens them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.browser.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Place:
    """A page: `person` is who opens it (None: nobody signed in), `status` what it answers."""

    name: str
    path: str
    person: str | None
    status: int = 200

    async def open(self, visitor: Visitor) -> None:
        """Open it."""
        assert await visitor.go(await self.address(visitor)) == self.status

    async def address(self, visitor: Visitor) -> str:
        """Its path: an open call is the newest finished one, an open ticket waits for support."""
        if self.path == OPEN_CALL:
            listed = await visitor.ask("/api/calls?limit=1&status=completed")
            return f"{self.path}{listed['calls'][0]['call_id']}"
        if self.path == HEARD_CALL:
            listed = await visitor.ask("/api/calls?limit=100&status=completed")
            call_id = next(
                call["call_id"]
                for call in listed["calls"]
                if (call["recording"] or {}).get("duration_seconds")
            )
            return f"/calls?expand={call_id}"
        if self.path == UNLOCKS:
            listed = await visitor.ask("/api/calls?limit=1&status=completed")
            return f"/calls/{listed['calls'][0]['call_id']}{self.path}"
        if self.path == OPEN_TICKET:
            listed = await visitor.ask("/api/support/tickets?limit=1&status=waiting_on_support")
            return f"{self.path}{listed['tickets'][0]['ticket_id']}"
        if self.path == NEW_TICKET or self.path.startswith(PROJECT):
            first = (await visitor.ask("/api/projects"))["projects"][0]["project_id"]
            of_first = self.path.replace(PROJECT, f"/projects/{first}")
            return f"{of_first}{first}" if self.path == NEW_TICKET else of_first
        return self.path


OPEN_CALL: Final = "/calls?expand="
HEARD_CALL: Final = "/calls?recorded"
UNLOCKS: Final = "/pii-unlocks"
OPEN_TICKET: Final = "/support/"
PROJECT: Final = "/projects/first"
NEW_TICKET: Final = "/support/new?project_id="
HOURS: Final = "/settings?section=business-hours&at=2026-11-23T10:00"
PLACES: Final = (
    Place("sign-in", "/sign-in", None),
    Place("dashboard", "/?range=90d", "alice"),
    Place("dashboard of a partner", "/?range=30d", "tom"),
    Place("dashboard with a mistake", "/?from=2026-11-02&to=2026-11-01", "alice", 422),
    Place("calls", "/calls", "alice"),
    Place("open call", OPEN_CALL, "alice"),
    Place("recorded call", HEARD_CALL, "alice"),
    Place("filters with a mistake", "/calls?caller=abc", "alice", 422),
    Place("search without a project", "/calls?q=roof", "alice", 422),
    Place("saved views", "/calls/views", "alice"),
    Place("support", "/support", "alice"),
    Place("open ticket", OPEN_TICKET, "alice"),
    Place("new ticket", NEW_TICKET, "alice"),
    Place("activity log", "/audit-log", "alice"),
    Place("activity log without an event", "/audit-log?preset=billing&outcome=failed&from=2026-01-01", "ben"),
    Place("account", "/account", "alice"),
    Place("settings", "/settings", "alice"),
    Place("allowlist", "/settings?section=ip-allowlist", "alice"),
    Place("summary of settings", "/settings", "ben"),
    Place("history of notifications", "/settings/notifications/history", "alice"),
    Place("data exports", "/settings?section=data-exports", "alice"),
    Place("data deletion", "/settings?section=data-deletion", "alice"),
    Place("reviews of deletions", "/settings?section=data-deletion", "priya"),
    Place("customers' sessions", "/settings?section=customer-sessions", "priya"),
    Place("unlocks of a call", UNLOCKS, "ben"),
    Place("whose data", "/settings?section=data-governance", "priya"),
    Place(
        "data governance",
        "/settings?section=data-governance&client_id=harbour-dental&try=1&transcripts_days=60",
        "priya",
    ),
    Place(
        "history of data governance", "/settings/data-governance/history?client_id=harbour-dental", "priya"
    ),
    Place("entitlements", "/settings/entitlements?client_id=harbour-dental", "priya"),
    Place("whose entitlements", "/settings/entitlements", "priya"),
    Place("own entitlements", "/settings/entitlements", "alice"),
    Place("projects", "/projects", "priya"),
    Place("project", PROJECT, "priya"),
    Place("taxonomy", f"{PROJECT}?section=taxonomy", "priya"),
    Place("destinations", f"{PROJECT}?section=transfer-routing", "priya"),
    Place("taxonomy to read", f"{PROJECT}?section=taxonomy", "tom"),
    Place("not found", "/nowhere", "alice", 404),
    Place("access denied", "/access-denied", None, 404),
    Place("operations", "/ops", "omar"),
    Place("status", "/status", "alice"),
    Place("active sessions", "/settings?section=active-sessions", "chloe"),
    Place("notifications", "/settings?section=notifications", "alice"),
    Place("summary of notifications", "/settings?section=notifications", "ben"),
    Place("reports", "/settings?section=reports", "alice"),
    Place("summary of reports", "/settings?section=reports", "ben"),
    Place("history of what was sent", "/settings?section=reports", "chloe"),
    Place("session limits", "/settings?section=session-policy", "alice"),
    Place("opening hours", HOURS, "alice"),
    Place("summary of opening hours", HOURS, "ben"),
    Place("consent notice", "/settings?section=compliance-copy", "alice"),
    Place("transfers", "/settings?section=transfer-settings", "alice"),
    Place("summary of transfers", "/settings?section=transfer-settings", "ben"),
    Place("transfer alerts", "/settings?section=transfer-alerts", "alice"),
    Place("call handling", "/settings?section=call-limits", "alice"),
    Place("incidents", "/ops/incidents", "omar"),
    Place("new incident", "/ops/incidents/new?tenant=harbour-dental", "omar"),
    Place("tenants", "/ops/tenants", "omar"),
    Place("live sessions", "/ops/sessions", "omar"),
    Place("ticket queue", "/ops/tickets", "omar"),
    Place("outbox", "/ops/outbox", "omar"),
    Place("jobs", "/ops/jobs", "omar"),
    Place("dead letters", "/ops/dead-letters", "omar"),
    Place("components", "/ops/components", "omar"),
)
