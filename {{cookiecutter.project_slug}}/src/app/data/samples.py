"""Samples of production for the gate `calls`: what the service did lately, as rows. Texts stay where they are."""

from __future__ import annotations

from typing import Any

from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

# Ordered by a hash, so that the sample is spread over the window and the same for whoever looks again.
SAMPLE = """
    SELECT id::text, extract(epoch FROM now() - at)::float8 / 86400 AS days_old, task, status, degraded, latency_ms,
           input_tokens, output_tokens, cost_usd,
           length(output) AS output_characters
    FROM calls
    WHERE tenant = %(tenant)s AND at > now() - make_interval(hours => %(hours)s)
    ORDER BY md5(id::text)
    LIMIT %(limit)s
"""


async def call_rows(
    pool: AsyncConnectionPool, tenant: str, *, hours: int = 24, limit: int = 2_000
) -> list[dict[str, Any]]:
    """Up to `limit` calls of a tenant in the last `hours`, spread evenly over them."""
    async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(SAMPLE, {"tenant": tenant, "hours": hours, "limit": limit})
        return list(await cursor.fetchall())
