"""Somebody at AiDial keeps a tenant's books from a shell."""

from __future__ import annotations

import asyncio
import os

import psycopg

from aidial.postgres import PostgresUrls
from aidial_api.provisioning import NewClient, Provisioner
from tests.aidial.cli.test_commands import ISSUER, owner, patiently
from tests.support.postgres import PostgresServer

CLIENT = ("--client", "harbour-dental")
LIST = "SELECT number, status, total_minor FROM invoices ORDER BY number"


def rows(urls: PostgresUrls, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(urls.superuser_url) as connection:
        return connection.execute(statement).fetchall()


def test_a_tenant_is_billed_pays_and_gets_something_off(
    postgres_server: PostgresServer, worker_id: str
) -> None:
    urls = postgres_server.migrated_database(f"books_{worker_id}")
    maker = Provisioner(urls.owner_url, os.urandom(32), ISSUER)
    harbour = NewClient(client_id="harbour-dental", name="Harbour Dental", timezone="Australia/Sydney")
    asyncio.run(maker.add_client(harbour))
    env = owner(urls)

    started = ("billing", "open", *CLIENT, "--plan", "starter", "--months-ago", "2")
    assert patiently(*started, env=env).code == 0
    again = patiently(*started, env=env)
    assert (again.code, "billed already" in again.err) == (2, True)
    number = "HARBOUR-DENTAL-0001"
    assert patiently("billing", "paid", *CLIENT, "--number", number, env=env).code == 0
    assert patiently("billing", "paid", *CLIENT, "--number", number, env=env).code == 2
    off = ("--month", "2026-12", "--description", "Loyalty")
    assert patiently("billing", "discount", *CLIENT, *off, "--percent", "10", env=env).code == 0
    assert patiently("billing", "adjust", *CLIENT, *off, "--cents", "-2000", env=env).code == 0
    wrong = patiently("billing", "adjust", *CLIENT, "--month", "12/2026", *off[2:], "--cents", "1", env=env)
    assert (wrong.code, "must be a month" in wrong.err) == (2, True)

    odd = ("--month", "0001-01", *off[2:])  # not all four digits once it is written
    ran = patiently("billing", "adjust", *CLIENT, *odd, "--cents", "1", env=env)
    assert (ran.code, "by its rule billing_changes" in ran.err) == (1, True), ran

    assert rows(urls, LIST) == [(number, "paid", 16_390), ("HARBOUR-DENTAL-0002", "open", 16_390)]
    assert sorted(rows(urls, "SELECT percent_bp, amount_minor FROM billing_changes"), key=str) == [
        (1_000, None),
        (None, -2_000),
    ]
    actions = [action for (action,) in rows(urls, "SELECT action FROM audit_events ORDER BY event_id")]
    assert actions[0] == "billing.account.opened"
    assert actions[-3:] == ["billing.invoice.paid", "billing.discount.added", "billing.adjustment.added"]
