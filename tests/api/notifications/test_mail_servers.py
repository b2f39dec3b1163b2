"""Mail servers that cannot do what we need, or lose patience: no message is lost or sent twice for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aidial_api.kernel.outgoing.port import Message, NotSent
from aidial_api.kernel.outgoing.sending import LEASE
from aidial_api.kernel.outgoing.smtp import STEPS, SmtpCourier, SmtpSettings
from aidial_api.settings import read_settings
from aidial_contract.settings import ConfigurationError
from tests.support.api import World
from tests.support.deliveries import (
    MANAGER,
    by_smtp,
    delivered_call,
    deliveries,
    hasten,
    letters_about,
    post,
    queue,
    send_due,
)
from tests.support.smtp import mail_server

SERVER = SmtpSettings("127.0.0.1", 0, "none", "no-reply@aidial.example", "AiDial", None, None, 20.0)
MESSAGE = Message("one", MANAGER, "Subject", "Text")


async def test_a_server_without_starttls_or_sign_in_loses_no_mail() -> None:
    with mail_server() as mailbox:
        known = replace(SERVER, port=mailbox.port, security="starttls")
        with pytest.raises(NotSent, match="starttls_not_offered") as refused:
            await SmtpCourier(known).send(MESSAGE)
        assert not refused.value.for_good
        known = replace(SERVER, port=mailbox.port, username="aidial", password="open sesame")
        with pytest.raises(NotSent, match="sign_in_not_offered") as refused:
            await SmtpCourier(known).send(MESSAGE)
        assert not refused.value.for_good
    assert mailbox.letters == []


@pytest.mark.parametrize(("verb", "answer"), [("EHLO", "502 no"), ("MAIL", "550 not for you")])
async def test_a_refusal_before_a_text_was_handed_over_is_tried_again(verb: str, answer: str) -> None:
    with mail_server() as mailbox:
        mailbox.answers |= {verb: answer, "HELO": answer} if verb == "EHLO" else {verb: answer}
        with pytest.raises(NotSent) as refused:
            await SmtpCourier(replace(SERVER, port=mailbox.port)).send(MESSAGE)
    assert not refused.value.for_good


@pytest.mark.parametrize("goodbye", ["421 too busy", "500 what?", None])
async def test_what_a_server_took_is_sent_however_it_says_goodbye(world: World, goodbye: str | None) -> None:
    call_id = await delivered_call(world)
    await queue(world, call_id)
    with mail_server() as mailbox:
        if goodbye is None:
            mailbox.hangs_at.add("QUIT")
        else:
            mailbox.answers["QUIT"] = goodbye
        through = post(world, **by_smtp(mailbox.port))
        await send_due(world, through)
        await hasten(world, call_id)
        await send_due(world, through)
    assert [row["state"] for row in await deliveries(world, call_id)] == ["sent"]
    assert len(await letters_about(world, mailbox, call_id)) == 1


async def test_a_job_that_comes_early_waits_for_the_next_try(world: World) -> None:
    call_id = await delivered_call(world)
    await queue(world, call_id)
    await send_due(world, post(world, **by_smtp(1)))
    await world.sql(
        "UPDATE jobs.procrastinate_jobs SET scheduled_at = now() - interval '1 s' WHERE status = 'todo'"
        " AND args ->> 'delivery_id' IN (SELECT delivery_id::text FROM deliveries WHERE about_id = $1)",
        call_id,
    )
    await send_due(world)
    (row,) = await deliveries(world, call_id)
    assert (row["state"], row["attempts"]) == ("failed", 1)


def test_an_exchange_ends_before_another_worker_may_take_its_message(world: World) -> None:
    slow = {**world.environ, **by_smtp(25), "AIDIAL_SMTP_TIMEOUT_MS": "60000"}
    known = read_settings(slow).smtp
    assert known is not None
    assert known.timeout_s * STEPS < LEASE.total_seconds()
    with pytest.raises(ConfigurationError) as refused:
        read_settings({**slow, "AIDIAL_SMTP_TIMEOUT_MS": "60001"})
    assert refused.value.problems == {"AIDIAL_SMTP_TIMEOUT_MS": "must be at most 60000"}
