"""Pages that are not there, not allowed, or not well."""

from __future__ import annotations

import asyncio
import re

from aidial_contract.ids import new_id
from tests.people import ADA, ALICE, CARLA, CHLOE, MALLORY, OMAR, PRIYA
from tests.support.portal import Page, Town


def _same(pages: list[Page]) -> set[str]:
    return {page.text.replace(page.headers["x-request-id"], "the-id") for page in pages}


async def test_every_way_of_being_denied_a_page_looks_the_same(town: Town) -> None:
    alice, mallory = await town.of(ALICE), await town.of(MALLORY)
    pages = [
        await alice.get("/nowhere"),
        await alice.get("/ops"),
        await alice.get("/settings?section=data-governance"),
        await alice.get(f"/calls/{new_id()}"),
        await alice.get("/not-found"),
        await mallory.get(f"/calls/{town.calls['front-1']}"),
        await (await town.of(ADA)).get("/calls"),
    ]
    assert {page.status for page in pages} == {404}
    assert len(_same(pages)) == 1


async def test_a_failed_page_says_what_to_do_whom_to_ask_and_its_request_id(town: Town) -> None:
    page = await (await town.of(ALICE)).get("/nowhere")
    for words in ("What happened", "What to do", "Whom to ask", "Request id"):
        assert words in page.words
    assert page.headers["x-request-id"] in page.text


async def test_the_anonymous_are_sent_to_sign_in_from_everywhere(town: Town) -> None:
    async with town.stranger() as browser:
        for path in ("/", "/calls", "/account", "/ops", "/nowhere", f"/calls/{new_id()}"):
            page = await browser.get(path)
            assert page.status == 302, path
            assert page.location.startswith("/sign-in?callbackUrl="), path


async def test_somebody_without_a_session_is_told_so_at_access_denied(town: Town) -> None:
    async with town.stranger() as browser:
        page = await browser.get("/access-denied")
        assert page.status == 404
        assert "You are signed out" in page.words


async def test_carla_whose_clinic_is_archived_is_signed_in_to_nothing(town: Town) -> None:
    async with town.stranger() as browser:
        await town.sign_in(browser, CARLA)
        page = await browser.get("/access-denied")
        assert page.status == 404
        assert "no organisation has given this account an active role" in page.words
        assert 'action="/api/auth/signout"' in page.text
        for path in ("/calls", "/account", "/"):
            assert (await browser.get(path)).status == 404, path


async def test_operators_see_what_is_running(town: Town) -> None:
    for someone in (ADA, OMAR):
        page = await (await town.of(someone)).get("/ops")
        # A process that stands still takes what it needs for away, and says so for a second.
        for _ in range(5):
            if page.words.count("Working") == 3:
                break
            await asyncio.sleep(1.1)
            page = await (await town.of(someone)).get("/ops")
        assert page.status == 200
        assert page.words.count("Working") == 3
        assert "/ops/components" in page.links("/ops")
    components = await (await town.of(OMAR)).get("/ops/components")
    assert (components.status, "Components" in components.words) == (200, True)


async def test_the_menu_holds_what_the_role_may_open(town: Town) -> None:
    for someone, menu in (
        (ALICE, ["/", "/calls", "/support", "/billing/usage", "/audit-log", "/settings", "/status"]),
        (CHLOE, ["/", "/calls", "/support", "/settings", "/status"]),
        (PRIYA, ["/", "/calls", "/support", "/partner/billing", "/projects", "/settings", "/status"]),
        (ADA, ["/ops", "/settings", "/status"]),
    ):
        browser = await town.of(someone)
        page = await browser.get("/account")
        rail = page.text.partition('<nav class="nav"')[2].partition("</nav>")[0]
        assert re.findall(r'href="([^"]+)"', rail) == menu
        for path in menu:
            assert (await browser.get(path)).status in {200, 302}


async def test_no_page_holds_a_token_a_key_or_the_session(town: Town) -> None:
    async with town.visitor(ALICE) as alice:
        header = "; ".join(f"{cookie.key}={cookie.value}" for cookie in alice.http.cookie_jar)
        session = re.search(r"next-auth\.session-token[^=]*=([^;]+)", header)
        assert session is not None
        for path in ("/", "/calls", f"/calls?expand={town.calls['front-1']}", "/account", "/nowhere"):
            page = await alice.get(path)
            secrets = (session[1][-40:], "Bearer ", town.settings.nextauth_secret)
            assert [secret for secret in secrets if secret in page.text] == [], path
            # Two letters more than what may stand in a nonce by chance.
            assert not re.search(r"adk_(live|test)_|eyJ[\w-]{15,}\.", page.text), path


async def test_every_page_has_a_policy_with_a_nonce_of_its_own_and_is_not_kept(town: Town) -> None:
    alice = await town.of(ALICE)
    nonces = set()
    for path in ("/", "/calls", "/account", "/nowhere", "/sign-in"):
        page = await alice.get(path)
        policy = page.headers["content-security-policy"]
        nonce = re.search(r"script-src 'nonce-([^']+)'", policy)
        assert nonce is not None
        assert "unsafe" not in policy
        assert policy.startswith("default-src 'none'")
        assert set(re.findall(r'nonce="([^"]+)"', page.text)) == {nonce[1]}
        assert page.headers["cache-control"] == "no-store"
        nonces.add(nonce[1])
    assert len(nonces) == 5
