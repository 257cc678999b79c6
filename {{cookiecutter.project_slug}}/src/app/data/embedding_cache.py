"""Vectors kept by tenant, model and digest of the text, so that no text is embedded twice by one model.

Vectors are stored as 32-bit floats, which is what embedding models compute in; a digest says nothing of its text.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping, Sequence

from psycopg_pool import AsyncConnectionPool

from app.data.cache import execute
from app.data.kept import KeptVector

_GET = (
    "SELECT digest, vector, tokens FROM embedding_cache "
    "WHERE tenant = %s AND model = %s AND digest = ANY(%s) AND expires_at > now()"
)
_PUT = """
INSERT INTO embedding_cache (tenant, model, digest, vector, tokens, expires_at)
SELECT %s, %s, digest, vector, tokens, now() + make_interval(secs => %s)
FROM unnest(%s::bytea[], %s::bytea[], %s::int[]) AS new(digest, vector, tokens)
ORDER BY digest
ON CONFLICT (tenant, model, digest) DO UPDATE SET expires_at = excluded.expires_at
RETURNING 1
"""


async def get(pool: AsyncConnectionPool, tenant: str, model: str, digests: Sequence[bytes]) -> dict[bytes, KeptVector]:
    """What is kept of these digests."""
    rows = await execute(pool, _GET, [tenant, model, list(digests)])
    return {bytes(digest): KeptVector(_floats(vector), tokens) for digest, vector, tokens in rows}


async def put(
    pool: AsyncConnectionPool, tenant: str, model: str, vectors: Mapping[bytes, KeptVector], ttl_s: float
) -> None:
    """Keep vectors for `ttl_s` seconds."""
    packed = [_bytes(kept.vector) for kept in vectors.values()]
    tokens = [kept.tokens for kept in vectors.values()]
    await execute(pool, _PUT, [tenant, model, ttl_s, list(vectors), packed, tokens])


def _bytes(vector: Sequence[float]) -> bytes:
    return _little_endian(array("f", vector)).tobytes()


def _floats(packed: bytes) -> Sequence[float]:
    vector = array("f")
    vector.frombytes(packed)
    return _little_endian(vector).tolist()


def _little_endian(vector: array[float]) -> array[float]:
    if sys.byteorder == "big":
        vector.byteswap()
    return vector
