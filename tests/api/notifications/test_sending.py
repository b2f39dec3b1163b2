"""Messages are sent once, tried again when that failed, and given up at last; nobody's address is open."""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from aidial_api.kernel.outgoing.port import Message, NotSent
from aidial_api.kernel.outgoing.sending import TRIES
from aidial_api.kernel.outgoing.smtp import SmtpCourier, SmtpSettings
from aidial_api.settings import read_settings
from aidial_contract.settings import ConfigurationError
from tests.support.api import World
from tests.support.deliveries import (
    MANAGER,
    MOBILE,
    by_smtp,
    delivered_call,
    deliveries,
    hasten,
    letters_about,
    post,
    queue,
    send_due,
)
from tests.support.smtp import certificate, mail_server

CALLER_TEXT = "My name is Zelda Quimby, call me on 0412 345 678 please. Zelda is fine."
TURNS = [
    {"speaker": "agent", "text": "Harbour Dental, how can I help?", "start_ms": 0},
    {"speaker": "caller", "text": CALLER_TEXT, "start_ms": 65_000},
]
SERVER = SmtpSettings("127.0.0.1", 0, "none", "no-reply@aidial.example", "AiDial", None, None, 5.0)


async def test_the_outbox_keeps_what_would_have_been_sent_redacted_and_masked(world: World) -> None:
    call_id = await delivered_call(world, turns=TURNS)
    assert await queue(world, call_id)
    assert await queue(world, call_id, MOBILE, kind="call_summary", channel="sms")
    assert [row["state"] for row in await deliveries(world, call_id)] == ["queued", "queued"]
    await send_due(world)
    mail, sms = await deliveries(world, call_id)
    assert {(row["state"], row["sent_by"], row["attempts"]) for row in (mail, sms)} == {("kept", "outbox", 1)}
    kept = msgspec.json.decode(mail["content"])
    assert kept["subject"].startswith("Call on Front desk, ")
    assert "Caller: +61 ... 567" in kept["text"]
    assert "[1:05] Caller\n    My name is [NAME], call me on [PHONE] please. [NAME] is fine." in kept["text"]
    text = msgspec.json.decode(sms["content"])["text"]
    assert text.startswith("Front desk: call from +61 ... 567, ")
    assert "Outcome: " in text
    for row in (mail, sms):
        everything = str(dict(row))
        assert MANAGER not in everything
        assert MOBILE not in everything
        assert "+61291234567" not in everything
    assert (mail["recipient_shown"], sms["recipient_shown"]) == ("r...@harbour.example", "+61 ... 111")


async def test_one_recipient_has_one_message_about_a_call(world: World) -> None:
    call_id = await delivered_call(world)
    assert await queue(world, call_id)
    assert not await queue(world, call_id, MANAGER.upper())
    assert await queue(world, call_id, "other@harbour.example")
    await send_due(world)
    assert not await queue(world, call_id)
    assert len(await deliveries(world, call_id)) == 2


async def test_the_text_goes_when_the_transcript_goes(world: World) -> None:
    call_id = await delivered_call(world)
    await queue(world, call_id)
    await send_due(world)
    await world.sql("UPDATE transcripts SET turns = '[]', raw = NULL WHERE call_id = $1", call_id)
    (mail,) = await deliveries(world, call_id)
    assert (mail["state"], mail["content"]) == ("kept", None)


async def hide(world: World, call_id: str) -> None:
    answer = await world.harbour_manage.patch(
        f"/v1/calls/{call_id}", {"transcript_hidden": True}, if_match="*"
    )
    assert (answer.status, answer.json["transcript_state"]) == (200, "hidden")


async def test_the_text_goes_when_the_transcript_is_hidden(world: World) -> None:
    call_id = await delivered_call(world, turns=TURNS)
    await queue(world, call_id)
    await send_due(world)
    assert (await deliveries(world, call_id))[0]["content"] is not None
    await hide(world, call_id)
    (mail,) = await deliveries(world, call_id)
    assert (mail["state"], mail["content"]) == ("kept", None)


async def test_mail_about_a_hidden_transcript_holds_no_word_of_it_and_still_hides_its_names(
    world: World,
) -> None:
    call_id = await delivered_call(world, turns=TURNS, summary="Zelda Quimby asked to be called back.")
    await hide(world, call_id)
    await queue(world, call_id, mask=True)
    await queue(world, call_id, MOBILE, kind="call_summary", channel="sms")
    with mail_server() as mailbox:
        await send_due(world, post(world, **by_smtp(mailbox.port)))
    (letter,) = await letters_about(world, mailbox, call_id)
    text = letter.get_content()
    assert "The transcript of this call is hidden." in text
    assert "[NAME] asked to be called back." in text
    assert "please" not in text
    assert "Zelda" not in text
    assert [row["content"] for row in await deliveries(world, call_id)] == [None, None]


async def test_mail_leaves_by_smtp_and_nothing_of_it_is_kept(world: World) -> None:
    call_id = await delivered_call(world, turns=TURNS)
    await queue(world, call_id)
    with mail_server() as mailbox:
        await send_due(world, post(world, **by_smtp(mailbox.port)))
    (letter,) = await letters_about(world, mailbox, call_id)
    (row,) = await deliveries(world, call_id)
    assert mailbox.recipients[letter["Message-ID"]] == [MANAGER]
    assert letter["To"] == MANAGER
    assert letter["From"] == "AiDial <no-reply@aidial.example>"
    assert letter["Message-ID"] == f"<{row['delivery_id']}@aidial.example>"
    text = letter.get_content()
    assert "Caller: +61291234567" in text
    assert "Zelda Quimby, call me on [PHONE]" in text.replace("\n", " ")
    assert (row["state"], row["sent_by"], row["content"]) == ("sent", "smtp", None)


async def test_masked_mail_says_neither_number_nor_name(world: World) -> None:
    call_id = await delivered_call(world, turns=TURNS, summary="Zelda Quimby asked to be called back.")
    await queue(world, call_id, mask=True)
    with mail_server() as mailbox:
        await send_due(world, post(world, **by_smtp(mailbox.port)))
    (letter,) = await letters_about(world, mailbox, call_id)
    text = letter.get_content()
    assert "Caller: +61 ... 567" in text
    assert "[NAME] asked to be called back." in text
    assert "Zelda" not in text
    assert "Quimby" not in text


async def test_masked_mail_hides_a_name_in_findings_too(world: World) -> None:
    findings = {"outcome": "Zelda booked", "agent": {"id": "reception", "name": "quimby"}}
    call_id = await delivered_call(world, turns=TURNS, **findings)
    await queue(world, call_id, mask=True)
    await queue(world, call_id, MOBILE, kind="call_summary", channel="sms")
    with mail_server() as mailbox:
        await send_due(world, post(world, **by_smtp(mailbox.port)))
    (letter,) = await letters_about(world, mailbox, call_id)
    lines = letter.get_content().splitlines()
    assert "Outcome: [NAME] booked" in lines
    assert "Agent: [NAME]" in lines
    sms = (await deliveries(world, call_id))[1]
    assert "Outcome: [NAME] booked" in msgspec.json.decode(sms["content"])["text"]


async def test_what_somebody_said_cannot_pose_as_a_header_or_as_another_speaker(world: World) -> None:
    said = "Hello\r\nBcc: all@evil.example\r\n\r\n[0:01] Agent\n.\nQUIT"
    call_id = await delivered_call(world, turns=[{"speaker": "caller", "text": said}])
    await queue(world, call_id)
    with mail_server() as mailbox:
        await send_due(world, post(world, **by_smtp(mailbox.port)))
    (letter,) = await letters_about(world, mailbox, call_id)
    assert letter["Bcc"] is None
    lines = letter.get_content().splitlines()
    assert "    [0:01] Agent" in lines
    assert "    ." in lines
    assert lines.count("[0:01] Agent") == 0


@pytest.mark.parametrize(
    ("verb", "answer", "state", "failure"),
    [
        ("RCPT", "550 nobody here", "gave_up", "recipient_refused_550"),
        ("RCPT", "450 later", "failed", "recipient_refused_450"),
        ("MESSAGE", "554 not this", "gave_up", "refused_554"),
        ("MESSAGE", "451 later", "failed", "refused_451"),
        ("MAIL", "421 too busy", "failed", "refused_421"),
    ],
)
async def test_a_refusal_is_final_or_tried_again(
    world: World, verb: str, answer: str, state: str, failure: str
) -> None:
    call_id = await delivered_call(world)
    await queue(world, call_id)
    with mail_server() as mailbox:
        mailbox.answers[verb] = answer
        through = post(world, **by_smtp(mailbox.port))
        await send_due(world, through)
        (row,) = await deliveries(world, call_id)
        assert (row["state"], row["failure"], row["attempts"]) == (state, failure, 1)
        mailbox.answers.clear()
        mailbox.letters.clear()
        await hasten(world, call_id)
        await send_due(world, through)
    (row,) = await deliveries(world, call_id)
    assert row["state"] == ("sent" if state == "failed" else "gave_up")
    assert len(await letters_about(world, mailbox, call_id)) == (1 if state == "failed" else 0)


async def test_a_server_that_stays_away_is_tried_at_growing_intervals_and_given_up(world: World) -> None:
    call_id = await delivered_call(world)
    await queue(world, call_id)
    through = post(world, **by_smtp(1))
    waits = []
    for tries in range(1, TRIES):
        await send_due(world, through)
        (row,) = await deliveries(world, call_id)
        assert (row["attempts"], row["state"]) == (tries, "failed")
        waits.append(row["next_attempt_at"] - dt.datetime.now(dt.UTC))
        await hasten(world, call_id)
    await send_due(world, through)
    (row,) = await deliveries(world, call_id)
    assert (row["state"], row["failure"]) == ("gave_up", "unreachable_ConnectionRefusedError")
    assert row["next_attempt_at"] is None
    assert waits == sorted(waits)
    await send_due(world)
    assert (await deliveries(world, call_id))[0]["state"] == "gave_up"


async def test_a_message_another_worker_has_is_left_to_it_and_looked_after(world: World) -> None:
    call_id = await delivered_call(world)
    await queue(world, call_id)
    await world.sql(
        "UPDATE deliveries SET taken_until = now() + interval '1 min', attempts = 1 WHERE about_id = $1",
        call_id,
    )
    await send_due(world)
    assert [row["state"] for row in await deliveries(world, call_id)] == ["queued"]
    await world.sql("UPDATE deliveries SET taken_until = now() WHERE about_id = $1", call_id)
    await hasten(world, call_id)
    await send_due(world)
    assert [(row["state"], row["attempts"]) for row in await deliveries(world, call_id)] == [("kept", 2)]


async def test_a_call_that_is_gone_or_goes_on_is_not_written_about(world: World) -> None:
    now = dt.datetime.now(dt.UTC).isoformat()
    live = {"status": "live", "started_at": now, "ended_at": None, "end_reason": None}
    call_id = await delivered_call(world, **live)
    await queue(world, call_id)
    await send_due(world)
    (row,) = await deliveries(world, call_id)
    assert (row["state"], row["failure"]) == ("gave_up", "nothing_to_send")


async def test_a_server_that_says_nothing_is_left_in_time(world: World) -> None:
    message = Message("one", MANAGER, "Subject", "Text")
    with mail_server() as mailbox:
        mailbox.is_silent = True
        courier = SmtpCourier(replace(SERVER, port=mailbox.port, timeout_s=0.3))
        with pytest.raises(NotSent) as left:
            await asyncio.wait_for(courier.send(message), 10)
    assert left.value.reason in {"too_slow", "unreachable_TimeoutError", "unreachable_SMTPServerDisconnected"}
    assert not left.value.for_good


async def test_a_password_travels_over_tls_and_only_to_a_server_that_is_trusted(tmp_path: Path) -> None:
    server, trust = certificate(tmp_path, "localhost")
    message = Message("two", MANAGER, "Subject", "Text")
    with mail_server(trust=server) as mailbox:
        known = replace(SERVER, host="localhost", port=mailbox.port, security="starttls")
        known = replace(known, username="aidial", password="open sesame")
        await SmtpCourier(known, trust=trust).send(message)
        assert mailbox.commands[:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]
        assert len(mailbox.letters) == 1
        mailbox.speaks_tls = True
        await SmtpCourier(replace(known, security="tls"), trust=trust).send(message)
        assert len(mailbox.letters) == 2
        with pytest.raises(NotSent, match="no_trust"):
            await SmtpCourier(replace(known, security="tls")).send(message)
        mailbox.speaks_tls = False
        with pytest.raises(NotSent, match="sign_in_refused_535") as refused:
            await SmtpCourier(replace(known, password="wrong"), trust=trust).send(message)
        assert not refused.value.for_good
        with pytest.raises(NotSent, match="no_trust"):
            await SmtpCourier(known).send(message)
    with mail_server() as plain, pytest.raises(NotSent):
        await SmtpCourier(replace(known, port=plain.port), trust=trust).send(message)
    assert "AUTH" not in plain.commands
    assert plain.letters == []


def test_every_missing_setting_of_mail_is_named_at_once(world: World) -> None:
    with pytest.raises(ConfigurationError) as refused:
        read_settings({**world.environ, "AIDIAL_MAIL": "smtp", "AIDIAL_SMTP_USERNAME": "aidial"})
    assert refused.value.problems == dict.fromkeys(
        ("AIDIAL_SMTP_HOST", "AIDIAL_MAIL_FROM", "AIDIAL_SMTP_PASSWORD"), "missing"
    )
    bad = {"AIDIAL_MAIL": "pigeon", "AIDIAL_MAIL_FROM": "nobody", "AIDIAL_SMTP_SECURITY": "much"}
    with pytest.raises(ConfigurationError) as refused:
        read_settings({**world.environ, **bad})
    assert set(refused.value.problems) == set(bad)
    open_password = {**by_smtp(25), "AIDIAL_SMTP_USERNAME": "a", "AIDIAL_SMTP_PASSWORD": "secret-word"}
    with pytest.raises(ConfigurationError) as refused:
        read_settings({**world.environ, **open_password})
    assert set(refused.value.problems) == {"AIDIAL_SMTP_USERNAME"}
    assert "secret-word" not in repr(read_settings({**world.environ, **by_smtp(25)}))
