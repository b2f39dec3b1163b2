"""Nobody writes headers of our mail: not by a name of a project, not by an address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from aidial_api.kernel.outgoing.port import Attachment, Message, NotSent
from aidial_api.kernel.outgoing.smtp import SmtpCourier, SmtpSettings
from aidial_contract.addresses import is_address
from tests.people import FRONT_DESK
from tests.support.api import World
from tests.support.deliveries import (
    MANAGER,
    by_smtp,
    delivered_call,
    deliveries,
    letters_about,
    post,
    queue,
    send_due,
)
from tests.support.smtp import mail_server

HOSTILE = "=?utf-8?q?Desk=0D=0AReply-To:_evil=40evil.example=0D=0A=0D=0APay_here?="
SERVER = SmtpSettings("127.0.0.1", 0, "none", "no-reply@aidial.example", "AiDial", None, None, 20.0)


@pytest.fixture
async def hostile_name(world: World) -> AsyncIterator[None]:
    """Harbour's front desk calls itself something that mail would decode into headers."""
    rename = "UPDATE projects SET display_name = $2 WHERE project_id = $1"
    await world.sql(rename, FRONT_DESK, HOSTILE)
    yield
    await world.sql(rename, FRONT_DESK, "Front desk")


@pytest.mark.usefixtures("hostile_name")
async def test_a_projects_name_cannot_pose_as_a_header(world: World) -> None:
    call_id = await delivered_call(world)
    await queue(world, call_id)
    with mail_server() as mailbox:
        await send_due(world, post(world, **by_smtp(mailbox.port)))
    (letter,) = await letters_about(world, mailbox, call_id)
    assert letter["Reply-To"] is None
    assert "Pay here" not in letter.get_content()
    assert letter["Subject"].startswith("Call on = ?utf-8?q?Desk=0D=0AReply-To:")
    assert [row["state"] for row in await deliveries(world, call_id)] == ["sent"]


@pytest.mark.parametrize(
    "subject",
    [
        HOSTILE,
        f"A\u202e{HOSTILE}",
        f"Zahnärzte {HOSTILE} über alles, und noch viel mehr Wörter, bis eine Zeile nicht reicht {HOSTILE}",
        "=?utf-8?b?RGVzaw0KUmVwbHktVG86IGV2aWxAZXZpbC5leGFtcGxl?=",
        "==?utf-8?q??utf-8?q?Desk=0D=0AReply-To:_evil=40evil.example?=",
        "=\u200b?utf-8?q?Desk=0D=0AReply-To:_evil=40evil.example?=",
    ],
)
async def test_no_subject_becomes_a_header(subject: str) -> None:
    with mail_server() as mailbox:
        courier = SmtpCourier(replace(SERVER, port=mailbox.port))
        await courier.send(Message("one", MANAGER, subject, "Text"))
    (letter,) = mailbox.letters
    assert letter.keys() == [
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
    ]
    assert letter.get_content().strip() == "Text"


@pytest.mark.parametrize(
    "address",
    [
        "=?utf-8?q?a=0D=0ABcc:_b=40evil.example?=@harbour.example",
        "=?utf-8?q?a?=@d.ee",
        "a@=?utf-8?q?b?=.example",
        "reception@zahnärzte.example",
    ],
)
async def test_an_address_that_mail_would_decode_is_none(world: World, address: str) -> None:
    assert not is_address(address)
    value: Any = {
        "email_transcript": {"enabled": True, "mask": True, "recipients": [MANAGER, address]},
        "sms_summary": {"enabled": False, "recipients": []},
    }
    path = f"/v1/projects/{FRONT_DESK}/settings/notifications"
    version = (await world.alice.get(path)).json["version"]
    answer = await world.alice.put(path, {"expected_version": version, "value": value})
    (error,) = answer.json["field_errors"]
    assert (error["field"], error["code"]) == ("/value/email_transcript/recipients/1", "format")
    with mail_server() as mailbox:
        with pytest.raises(NotSent, match="bad_address") as refused:
            await SmtpCourier(replace(SERVER, port=mailbox.port)).send(Message("one", address, "S", "Text"))
        assert refused.value.for_good
        assert mailbox.commands == []


async def test_what_cannot_be_written_is_given_up_and_not_an_accident() -> None:
    odd = Attachment("report.pdf", "application/pdf\r\nBcc: b@evil.example", b"%PDF")
    with mail_server() as mailbox:
        courier = SmtpCourier(replace(SERVER, port=mailbox.port))
        for message in (
            Message("one", MANAGER, "Subject", "Text", (odd,)),
            Message("two\r\nBcc: b@evil.example", MANAGER, "Subject", "Text"),
            Message("three", MANAGER, "Subject", "\ud800"),
        ):
            with pytest.raises(NotSent, match="not_writable") as refused:
                await courier.send(message)
            assert refused.value.for_good
        assert mailbox.commands == []
