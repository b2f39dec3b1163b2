"""People come in, and are told what went wrong when they cannot."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.browser.conftest import OpenVisitor
from tests.browser.visitor import Person


async def test_an_anonymous_visitor_signs_in_and_returns_to_the_page_asked_for(
    visit: OpenVisitor, people: dict[str, Person]
) -> None:
    ben = await visit()
    assert await ben.go("/calls?status=missed") == 200
    assert ben.path.startswith("/sign-in?callbackUrl=")
    await ben.prove_at("/calls?status=missed", people["ben"])
    assert ben.path == "/calls?status=missed"
    await expect(ben.page.get_by_role("heading", name="Calls", level=1)).to_be_visible()


async def test_ben_mistypes_his_password_and_keeps_his_e_mail(
    visit: OpenVisitor, people: dict[str, Person]
) -> None:
    ben = await visit()
    await ben.go("/sign-in")
    await ben.give_email(people["ben"].email)
    await ben.give_password("not his password")
    await expect(ben.page.get_by_role("alert")).to_contain_text(re.compile("password", re.IGNORECASE))
    await expect(ben.page.get_by_label("E-mail")).to_have_value(people["ben"].email)
    await ben.give_password(people["ben"].password)
    await expect(ben.page.get_by_role("heading", name="Dashboard", level=1)).to_be_visible()


async def test_ada_mistypes_her_code_and_may_try_again(visit: OpenVisitor, people: dict[str, Person]) -> None:
    ada = await visit()
    await ada.go("/sign-in")
    await ada.give_email(people["ada"].email)
    await ada.give_password(people["ada"].password)
    await ada.give_code(people["ada"].wrong_code())
    await expect(ada.page.get_by_role("alert")).to_contain_text(re.compile("code", re.IGNORECASE))
    await ada.give_code(await people["ada"].code())
    await expect(ada.page.get_by_role("heading", name="Operations", level=1)).to_be_visible()


async def test_an_address_that_is_none_is_said_at_the_field_and_kept(visit: OpenVisitor) -> None:
    someone = await visit(java_script_enabled=False)
    await someone.go("/sign-in")
    field = someone.page.get_by_label("E-mail")
    await field.evaluate("input => { input.form.noValidate = true }")
    await field.fill("alice at harbour")
    await someone.page.get_by_role("button", name="Continue").click()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_have_value("alice at harbour")
    assert someone.path.startswith("/sign-in")
