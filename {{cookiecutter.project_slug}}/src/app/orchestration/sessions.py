"""Conversations kept in Postgres: LangGraph's checkpoints in the schema `langgraph`, and who owns and holds a session.

A session belongs to the user who began it; for anybody else of the tenant it does not exist. One run holds it at a
time: the next waits, and is refused when that takes too long. A hold ends by itself when its process has died.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from app.caller import Caller
from app.errors import NotFoundError, RateLimitedError

SCHEMA = "langgraph"
# Longer than any run: two calls of a model, each within the gateway's deadline.
HOLD_S = 180.0
WAIT_S = 30.0
POLL_S = 0.02
SETUP_LOCK = 7_201_511_085
POOL_MAX = 4
CONNECT_TIMEOUT_S = 5.0

CREATE = """
    create table if not exists langgraph.sessions (
        thread_id text primary key,
        owner text not null,
        holder text,
        held_until timestamptz not null default now(),
        created_at timestamptz not null default now()
    )
"""
HOLD = """
    insert into langgraph.sessions as s (thread_id, owner, holder, held_until)
    values (%(thread)s, %(owner)s, %(holder)s, now() + make_interval(secs => %(hold_s)s))
    on conflict (thread_id) do update set holder = excluded.holder, held_until = excluded.held_until
    where s.owner = excluded.owner and (s.holder is null or s.held_until < now())
    returning thread_id
"""
OWNER = "select owner from langgraph.sessions where thread_id = %s"
RELEASE = "update langgraph.sessions set holder = null where thread_id = %s and holder = %s"


class Sessions:
    """The sessions of one database. Opens its own small pool when first used; close it with `close`."""

    def __init__(
        self,
        database_url: str,
        *,
        hold_s: float = HOLD_S,
        wait_s: float = WAIT_S,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
    ) -> None:
        self._url = database_url
        self._connect_timeout_s = connect_timeout_s
        self._hold_s = hold_s
        self._wait_s = wait_s
        self._pool: Any = None
        self._saver: Any = None
        self._opening = asyncio.Lock()

    async def saver(self) -> Any:
        """The checkpointer, its tables made."""
        async with self._opening:
            if self._saver is None:
                await self._open()
        return self._saver

    @asynccontextmanager
    async def held(self, caller: Caller) -> AsyncIterator[str]:
        """Hold the caller's session; gives its thread id. A context manager.

        Raises NotFoundError when the session is somebody else's, RateLimitedError when it stays busy.
        """
        await self.saver()
        thread, holder = thread_of(caller), uuid4().hex
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._wait_s
        while not await self._hold(thread, holder, caller):
            if loop.time() > deadline:
                raise RateLimitedError(f"session {caller.session!r} is answering another question", 1.0)
            await asyncio.sleep(POLL_S * (0.5 + random.random()))  # noqa: S311  spreads the waiting ones
        try:
            yield thread
        finally:
            async with self._pool.connection() as connection:
                await connection.execute(RELEASE, (thread, holder))

    async def keep_latest(self, thread: str) -> None:
        """Forget all checkpoints of a session but its last."""
        saver = await self.saver()
        await saver.aprune([thread], strategy="keep_latest")

    async def close(self) -> None:
        """Release the connections."""
        if self._pool is not None:
            await self._pool.close()

    async def _hold(self, thread: str, holder: str, caller: Caller) -> bool:
        values = {"thread": thread, "owner": caller.user, "holder": holder, "hold_s": self._hold_s}
        async with self._pool.connection() as connection:
            if await (await connection.execute(HOLD, values)).fetchone():
                return True
            row = await (await connection.execute(OWNER, (thread,))).fetchone()
        if row and row["owner"] != caller.user:
            raise NotFoundError(f"session {caller.session!r} does not exist: begin one under another name")
        return False

    async def _try_setup_lock(self, connection: Any) -> bool:
        cursor = await connection.execute("select pg_try_advisory_lock(%s) as held", (SETUP_LOCK,))
        return bool((await cursor.fetchone())["held"])

    async def _open(self) -> None:
        from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
        from psycopg.rows import dict_row
        from psycopg_pool import AsyncConnectionPool

        options = {
            "autocommit": True,
            "prepare_threshold": 0,
            "row_factory": dict_row,
            "options": f"-c search_path={SCHEMA}",
        }
        pool = AsyncConnectionPool(self._url, min_size=1, max_size=POOL_MAX, open=False, kwargs=options)
        await pool.open(wait=True, timeout=self._connect_timeout_s)
        saver = AsyncPostgresSaver(pool)
        async with pool.connection() as connection:
            # Waiting in the database would hold up, for ever, the indexes that setup creates concurrently.
            while not await self._try_setup_lock(connection):  # noqa: ASYNC110  another process holds it
                await asyncio.sleep(POLL_S)
            try:
                await connection.execute(f"create schema if not exists {SCHEMA}")
                await saver.setup()
                await connection.execute(CREATE)
            finally:
                await connection.execute("select pg_advisory_unlock(%s)", (SETUP_LOCK,))
        self._pool, self._saver = pool, saver


def thread_of(caller: Caller) -> str:
    """The id of a caller's conversation: sessions of two tenants never meet, whatever they are called."""
    return f"{len(caller.tenant)}:{caller.tenant}:{caller.session}"
