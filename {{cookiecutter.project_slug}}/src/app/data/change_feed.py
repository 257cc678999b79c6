"""Knowing within a second or two that somebody changed a small table: LISTEN, and reading again at short intervals.

A notification makes it immediate; the reading alone keeps the promise where notifications do not pass, as through a
pooling proxy. While the database is away nothing is called and nothing raised.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import conninfo, sql

from app.errors import AppError

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Reload = Callable[[Connection], Awaitable[None]]
# With `poll_s` it bounds how late a change may be seen: well within two seconds.
RETRY_S = 0.5

log = logging.getLogger(__name__)


class ChangeFeed:
    """Calls each of `reloads` when its table may have changed, and every `poll_s`.

    A table named `flags` notifies channel `app_flags`. Use: `await start()`, `await close()`.
    """

    def __init__(
        self, url: str, reloads: Sequence[tuple[str, Reload]], *, poll_s: float = 1.0, timeout_s: float = 2.0
    ) -> None:
        self._conninfo = conninfo.make_conninfo(url, application_name="app changes")
        self._reloads = dict(reloads)
        self._poll_s = poll_s
        self._timeout_s = timeout_s
        self._task: asyncio.Task[None] | None = None
        self._first = asyncio.Event()
        self._seen_at: float | None = None

    @property
    def age_s(self) -> float | None:
        """Seconds since the tables were last read; None when they never were."""
        return None if self._seen_at is None else time.monotonic() - self._seen_at

    async def start(self) -> None:
        """Read once, waiting for it `timeout_s` at most, and go on in the background."""
        self._task = asyncio.create_task(self._run())
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_s):
                await self._first.wait()

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        failing = False
        while True:
            try:
                async with asyncio.timeout(self._timeout_s):
                    connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True)
                async with connection:
                    async with asyncio.timeout(self._timeout_s):
                        await self._listen(connection)
                    if failing:
                        log.warning("changes of releases and flags are seen again")
                    failing = False
                    await self._follow(connection)
            except (psycopg.Error, TimeoutError, AppError) as error:
                if not failing:
                    reason = " ".join(str(error).split()) or "no answer"
                    log.warning("changes of releases and flags are not seen, the last known ones hold: %s", reason)
                failing = True
                self._first.set()
                await asyncio.sleep(RETRY_S)

    async def _listen(self, connection: Connection) -> None:
        for table in self._reloads:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(f"app_{table}")))

    async def _follow(self, connection: Connection) -> None:
        while True:
            async with asyncio.timeout(self._timeout_s):
                for reload in self._reloads.values():
                    await reload(connection)
            self._seen_at = time.monotonic()
            self._first.set()
            async for _ in connection.notifies(timeout=self._poll_s, stop_after=1):
                pass
