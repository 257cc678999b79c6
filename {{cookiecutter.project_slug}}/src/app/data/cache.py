"""The exact reply cache as a table: one row for each identity, good until it expires; and claims on those to come.

The identity is made by the caller of this module and already holds everything a reply depends on, permissions included.
The tenant is asked for once more, so that no mistake there can hand a reply across tenants.

Who looks up a reply that is not there claims it in the same statement, so that of several processes with the same call
one asks the model. A claim ends with the reply, when it is released, or when its time is over because its process died.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from app.errors import StoreUnavailableError

_GET = "SELECT reply FROM reply_cache WHERE identity = %s AND tenant = %s AND (%s OR expires_at > now())"
_GET_OR_CLAIM_ONE = """
WITH hit AS (
  SELECT reply FROM reply_cache WHERE identity = %(identity)s AND tenant = %(tenant)s AND expires_at > now()
), claim AS (
  INSERT INTO reply_claims AS old (identity, owner, until)
  SELECT %(claim)s, %(owner)s, now() + make_interval(secs => %(lease_s)s) WHERE NOT EXISTS (SELECT FROM hit)
  ON CONFLICT (identity) DO UPDATE SET (owner, until) = (excluded.owner, excluded.until) WHERE old.until < now()
  RETURNING true
)
SELECT (SELECT reply FROM hit), coalesce((SELECT * FROM claim), false)
"""
# The same for many. Claims are made and ended in one order everywhere: processes never wait for each other in a circle.
_GET_OR_CLAIM = """
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(%(identities)s::text[], %(tenants)s::text[], %(claims)s::text[])
    WITH ORDINALITY AS a (identity, tenant, claim, n)
), hit AS MATERIALIZED (
  SELECT a.n, c.reply FROM asked AS a JOIN reply_cache AS c
    ON c.identity = a.identity AND c.tenant = a.tenant AND c.expires_at > now()
), claimed AS (
  INSERT INTO reply_claims AS old (identity, owner, until)
  SELECT claim, %(owner)s, now() + make_interval(secs => %(lease_s)s) FROM asked
    WHERE n NOT IN (SELECT n FROM hit) ORDER BY claim
  ON CONFLICT (identity) DO UPDATE SET (owner, until) = (excluded.owner, excluded.until) WHERE old.until < now()
  RETURNING identity
)
SELECT hit.reply, a.claim IN (SELECT identity FROM claimed) FROM asked AS a LEFT JOIN hit USING (n) ORDER BY a.n
"""
_PUT = """
WITH asked AS MATERIALIZED (
  SELECT * FROM unnest(%(identities)s::text[], %(tenants)s::text[], %(tasks)s::text[], %(replies)s::text[],
    %(ttls_s)s::float8[]) AS a (identity, tenant, task, reply, ttl_s)
), kept AS (
  INSERT INTO reply_cache AS old (identity, tenant, task, reply, expires_at)
  SELECT identity, tenant, task, reply::jsonb, now() + make_interval(secs => ttl_s) FROM asked ORDER BY identity
  ON CONFLICT (identity) DO UPDATE SET (task, reply, created_at, expires_at)
  = (excluded.task, excluded.reply, now(), excluded.expires_at) WHERE old.tenant = excluded.tenant
), mine AS MATERIALIZED (
  SELECT identity FROM reply_claims WHERE identity = ANY (%(claims)s) AND owner = %(owner)s ORDER BY identity FOR UPDATE
)
DELETE FROM reply_claims WHERE identity IN (SELECT identity FROM mine) RETURNING 1
"""
NOBODY = UUID(int=0)


async def get(pool: AsyncConnectionPool, identity: str, tenant: str, *, expired: bool = False) -> dict[str, Any] | None:
    """The reply stored under an identity for this tenant, None when there is none.

    One that has expired counts only as `expired`: for the moment when no model answers.
    """
    rows = await execute(pool, _GET, [identity, tenant, expired])
    return rows[0][0] if rows else None


async def get_or_claim(
    pool: AsyncConnectionPool, asked: Sequence[tuple[str, str]], owner: UUID, lease_s: float
) -> list[tuple[dict[str, Any] | None, bool]]:
    """For each (identity, tenant), all different: the stored reply, or else whether `owner` may make it now.

    False while somebody else does.
    """
    common = {"owner": owner, "lease_s": lease_s}
    if len(asked) == 1:
        [(identity, tenant)] = asked
        values = {"identity": identity, "tenant": tenant, "claim": _claim(identity, tenant), **common}
        return [(reply, claimed) for reply, claimed in await execute(pool, _GET_OR_CLAIM_ONE, values)]
    values = {
        "identities": [identity for identity, _ in asked],
        "tenants": [tenant for _, tenant in asked],
        "claims": [_claim(*one) for one in asked],
        **common,
    }
    return [(reply, claimed) for reply, claimed in await execute(pool, _GET_OR_CLAIM, values)]


class Kept(NamedTuple):
    """A reply to be kept for `ttl_s` seconds."""

    identity: str
    tenant: str
    task: str
    reply: Mapping[str, Any]
    ttl_s: float


async def put(pool: AsyncConnectionPool, kept: Sequence[Kept], owner: UUID = NOBODY) -> None:
    """Keep replies, and end the claims on them.

    A later one replaces one that is there; one of another tenant is left alone. Of several for one identity in `kept`
    the last counts.
    """
    last = {(one.identity): one for one in kept}.values()
    values = {
        "identities": [one.identity for one in last],
        "tenants": [one.tenant for one in last],
        "tasks": [one.task for one in last],
        "replies": [orjson.dumps(dict(one.reply)).decode() for one in last],
        "ttls_s": [one.ttl_s for one in last],
        "claims": [_claim(one.identity, one.tenant) for one in kept],
        "owner": owner,
    }
    await execute(pool, _PUT, values)


async def release(pool: AsyncConnectionPool, identity: str, tenant: str, owner: UUID) -> None:
    """End a claim without a reply: whoever waits may try."""
    statement = "DELETE FROM reply_claims WHERE identity = %s AND owner = %s RETURNING 1"
    await execute(pool, statement, [_claim(identity, tenant), owner])


async def renew(pool: AsyncConnectionPool, owner: UUID, lease_s: float) -> int:
    """Lengthen all claims of `owner`; returns how many it has."""
    statement = "UPDATE reply_claims SET until = now() + make_interval(secs => %s) WHERE owner = %s RETURNING 1"
    return len(await execute(pool, statement, [lease_s, owner]))


async def purge(pool: AsyncConnectionPool, limit: int = 10_000) -> int:
    """Delete up to `limit` expired rows of each cache and return how many there were."""
    deleted = 0
    for table, key in (("reply_cache", "identity"), ("semantic_cache", "identity"), ("embedding_cache", "ctid")):
        rows = await execute(
            pool,
            f"DELETE FROM {table} WHERE {key} = ANY(ARRAY(SELECT {key} FROM {table} WHERE expires_at <= now() "  # noqa: S608
            "ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED)) RETURNING 1",
            [limit],
        )
        deleted += len(rows)
    await execute(pool, "DELETE FROM reply_claims WHERE until < now() - interval '1 minute' RETURNING 1", [])
    return deleted


async def clear(pool: AsyncConnectionPool, tenant: str | None, task: str | None) -> int:
    """Forget what is cached for a tenant, a task, both or all; vectors belong to no task. Returns how many rows."""
    deleted = 0
    for table in ("reply_cache", "semantic_cache", "embedding_cache"):
        if table == "embedding_cache" and task is not None:
            continue
        mine = "" if table == "embedding_cache" else "AND (%(task)s::text IS NULL OR task = %(task)s)"
        statement = f"DELETE FROM {table} WHERE (%(tenant)s::text IS NULL OR tenant = %(tenant)s) {mine} RETURNING 1"  # noqa: S608
        deleted += len(await execute(pool, statement, {"tenant": tenant, "task": task}))
    return deleted


async def execute(pool: AsyncConnectionPool, statement: str, values: Any) -> list[tuple[Any, ...]]:
    """Rows of one statement. Raises StoreUnavailableError when the database does not answer."""
    try:
        async with pool.connection() as connection:
            cursor = await connection.execute(statement.encode(), values)
            return list(await cursor.fetchall())
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise StoreUnavailableError(f"cache failed ({' '.join(str(error).split())}): is the database up?") from None


def _claim(identity: str, tenant: str) -> str:
    """Claims of two tenants never meet, whatever their identities are."""
    return f"{tenant}\0{identity}".replace("\0", "\x1f")
