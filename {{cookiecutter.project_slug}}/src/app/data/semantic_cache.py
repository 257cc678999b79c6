"""Replies found by the meaning of a question: the nearest questions answered before, inside one scope.

A scope is a digest of everything else the reply depends on, tenant and permissions included, made by the caller of this
module; the tenant is asked for once more. Distances are exact: a scope is searched through, newest questions first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from app.data.cache import execute
from app.data.kept import Near

# How many of a scope's newest questions are compared, and how many of the nearest are handed back.
COMPARED = 2_000
NEAREST = 5

_GET = """
SELECT question, reply, 1 - (vector <=> %(vector)s::vector) AS similarity FROM (
  SELECT question, reply, vector FROM semantic_cache
  WHERE scope = %(scope)s AND tenant = %(tenant)s AND expires_at > now() AND vector_dims(vector) = %(dimensions)s
  ORDER BY created_at DESC LIMIT %(compared)s
) AS recent
WHERE 1 - (vector <=> %(vector)s::vector) >= %(similarity)s
ORDER BY similarity DESC LIMIT %(nearest)s
"""
_PUT = """
INSERT INTO semantic_cache (identity, scope, tenant, task, question, vector, reply, expires_at)
VALUES (%s, %s, %s, %s, %s, %s::vector, %s, now() + make_interval(secs => %s))
ON CONFLICT (identity) DO UPDATE SET (reply, created_at, expires_at) = (excluded.reply, now(), excluded.expires_at)
WHERE semantic_cache.tenant = excluded.tenant
RETURNING 1
"""


async def nearest(
    pool: AsyncConnectionPool, scope: str, tenant: str, vector: Sequence[float], similarity: float
) -> list[Near]:
    """The nearest questions at least that similar, best first."""
    values = {
        "scope": scope,
        "tenant": tenant,
        "vector": _written(vector),
        "dimensions": len(vector),
        "similarity": similarity,
        "compared": COMPARED,
        "nearest": NEAREST,
    }
    return [Near(*row) for row in await execute(pool, _GET, values)]


async def put(
    pool: AsyncConnectionPool,
    identity: str,
    scope: str,
    tenant: str,
    task: str,
    question: str,
    vector: Sequence[float],
    reply: Mapping[str, Any],
    ttl_s: float,
) -> None:
    """Keep a reply under its question."""
    values = [identity, scope, tenant, task, question, _written(vector), Jsonb(dict(reply)), ttl_s]
    await execute(pool, _PUT, values)


def _written(vector: Sequence[float]) -> str:
    return "[" + ",".join(map(repr, vector)) + "]"
