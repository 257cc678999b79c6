"""How a command works at the database by hand: with a pool of one connection, closed at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from psycopg_pool import AsyncConnectionPool

from app.data import store

Found = TypeVar("Found")


def with_pool(url: str, work: Callable[[AsyncConnectionPool], Awaitable[Found]]) -> Found:
    """What `work` finds with a pool on a prepared database. Raises StoreUnavailableError when that is away."""

    async def done() -> Found:
        pool = await store.open_pool(url, max_size=1)
        try:
            return await work(pool)
        finally:
            await pool.close()

    return asyncio.run(done())
