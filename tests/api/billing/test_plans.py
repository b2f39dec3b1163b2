"""As the application role, a page of invoices is a range of one index, and minutes never leave theirs."""

from __future__ import annotations

from datetime import UTC, datetime

import asyncpg
import pytest

from aidial_api.kernel.db import Database
from aidial_api.surfaces.billing.embedded import books
from tests.api.database.rows import Tenant, make_tenant, new_id
from tests.support.postgres import PostgresServer

MANY = """
INSERT INTO invoices (client_id, invoice_id, number, period, status, issued_at, due_at, paid_at, billed_to,
                      subtotal_minor, tax_minor, total_minor, currency)
SELECT $1, gen_random_uuid(), 'M-' || n, to_char(date '1700-01-01' + n * interval '1 month', 'YYYY-MM'),
       CASE WHEN n % 9 = 0 THEN 'open' ELSE 'paid' END, timestamptz '1970-01-01Z' + n * interval '1 hour',
       now(), CASE WHEN n % 9 = 0 THEN NULL ELSE now() END, 'C', 10, 1, 11, 'AUD'
FROM generate_series(1, 3000) n
"""


@pytest.mark.parametrize("status", [None, "open"])
@pytest.mark.parametrize("after", [None, datetime(1970, 2, 20, tzinfo=UTC)])
async def test_a_page_is_one_range(
    postgres_server: PostgresServer, worker_id: str, status: str | None, after: datetime | None
) -> None:
    db, tenant = await busy(postgres_server, f"invoices_{worker_id}")
    sql = books.page_sql(by_status=status is not None, goes_on=after is not None)
    values = [*([status] if status else []), *([after, new_id()] if after else [])]
    try:
        async with db.transaction(tenant.reach) as tx:
            rows = await tx.fetch(f"EXPLAIN {sql}", tenant.client_id, 21, *values)
    finally:
        await db.close()
    plan = "\n".join(row[0] for row in rows)
    index = "invoices_by_status" if status else "invoices_by_issue"
    assert f"Index Scan using {index} on invoices" in plan, plan
    assert "Sort" not in plan, plan


async def busy(server: PostgresServer, name: str) -> tuple[Database, Tenant]:
    """Two tenants with many invoices, of which the planner knows."""
    urls = server.migrated_database(name)
    db = await Database.connect(urls.app_url, min_size=1, max_size=1)
    tenants = [await make_tenant(db, word) for word in ("busy", "other")]
    for tenant in tenants:
        async with db.transaction(tenant.reach) as tx:
            await tx.execute(MANY, tenant.client_id)
    owner = await asyncpg.connect(urls.owner_url)
    await owner.execute("ANALYZE invoices")
    await owner.close()
    return db, tenants[0]
