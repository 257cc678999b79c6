"""The reply cache: what is stored is given back to its tenant until it expires."""

from __future__ import annotations

import pytest
from psycopg_pool import AsyncConnectionPool

from app.data import cache, store
from app.data.cache import Kept
from app.errors import StoreUnavailableError

REPLY = {"text": "Grüße 🧾", "usage": {"input_tokens": 3}, "data": None}


async def test_a_reply_comes_back_as_it_was(pool: AsyncConnectionPool) -> None:
    """Before it is stored there is none; a later one replaces it."""
    assert await cache.get(pool, "identity", "default") is None

    await cache.put(pool, [Kept("identity", "default", "answer", {"text": "first"}, 60)])
    await cache.put(pool, [Kept("identity", "default", "answer", REPLY, 60)])

    assert await cache.get(pool, "identity", "default") == REPLY


async def test_a_reply_is_never_given_to_another_tenant(pool: AsyncConnectionPool) -> None:
    """Should two tenants ever come with one identity, the first keeps its reply and the second has none."""
    await cache.put(pool, [Kept("identity", "one", "answer", REPLY, 60)])
    await cache.put(pool, [Kept("identity", "two", "answer", {"text": "theirs"}, 60)])

    assert await cache.get(pool, "identity", "one") == REPLY
    assert await cache.get(pool, "identity", "two") is None


async def test_expired_replies_are_not_served_and_can_be_purged(pool: AsyncConnectionPool) -> None:
    """Purging takes the expired ones and leaves the others."""
    await cache.put(pool, [Kept("old", "default", "answer", REPLY, -1)])
    await cache.put(pool, [Kept("new", "default", "answer", REPLY, 60)])

    assert await cache.get(pool, "old", "default") is None
    assert await cache.purge(pool) == 1
    assert await cache.purge(pool) == 0
    assert await cache.get(pool, "new", "default") == REPLY


async def test_a_lost_database_is_one_typed_error(database_url: str) -> None:
    """The gateway decides what to do without a cache; it gets the class it can decide by."""
    pool = await store.open_pool(database_url, max_size=1)
    await pool.close()

    with pytest.raises(StoreUnavailableError, match="cache failed"):
        await cache.get(pool, "identity", "default")
