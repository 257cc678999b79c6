"""The exact reply cache as a table: one row for each identity, good until it expires.

The identity is made by the caller of this module and already holds everything a reply depends on, permissions included.
The tenant is asked for once more, so that no mistake there can hand a reply across tenants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from app.errors import StoreUnavailableError


async def get(pool: AsyncConnectionPool, identity: str, tenant: str, *, expired: bool = False) -> dict[str, Any] | None:
    """The reply stored under an identity for this tenant, None when there is none.

    One that has expired counts only as `expired`: for the moment when no model answers.
    """
    rows = await _execute(
        pool,
        "SELECT reply FROM reply_cache WHERE identity = %s AND tenant = %s AND (%s OR expires_at > now())",
        [identity, tenant, expired],
    )
    return rows[0][0] if rows else None


async def put(
    pool: AsyncConnectionPool, identity: str, tenant: str, task: str, reply: Mapping[str, Any], ttl_s: float
) -> None:
    """Keep a reply for `ttl_s` seconds. A later one replaces it; one of another tenant is left alone."""
    await _execute(
        pool,
        "INSERT INTO reply_cache AS old (identity, tenant, task, reply, expires_at) "
        "VALUES (%s, %s, %s, %s, now() + make_interval(secs => %s)) "
        "ON CONFLICT (identity) DO UPDATE SET (task, reply, created_at, expires_at) "
        "= (excluded.task, excluded.reply, now(), excluded.expires_at) WHERE old.tenant = excluded.tenant "
        "RETURNING 1",
        [identity, tenant, task, Jsonb(dict(reply)), ttl_s],
    )


async def purge(pool: AsyncConnectionPool, limit: int = 10_000) -> int:
    """Delete up to `limit` expired replies and return how many there were."""
    rows = await _execute(
        pool,
        "DELETE FROM reply_cache WHERE identity IN (SELECT identity FROM reply_cache WHERE expires_at <= now() "
        "ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING 1",
        [limit],
    )
    return len(rows)


async def _execute(pool: AsyncConnectionPool, statement: str, values: list[Any]) -> list[tuple[Any, ...]]:
    try:
        async with pool.connection() as connection:
            cursor = await connection.execute(statement.encode(), values)
            return list(await cursor.fetchall())
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise StoreUnavailableError(
            f"reply cache failed ({' '.join(str(error).split())}): is the database up?"
        ) from None
