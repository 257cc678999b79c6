"""Settling what calls did cost: accepted at once on disk, brought to the database in batches, applied once each.

A settlement survives the death of the process: the next one on the same folder delivers it. A call that never settles,
because its process was killed under way, ends with its lease: charged at its worst case, or given back.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

import orjson
import psycopg

from app.data import budgets
from app.data.budgets import Cap
from app.data.dedicated import DedicatedConnection
from app.errors import ConfigurationError, StoreUnavailableError
from app.observability.outbox import Outbox, Segment

SETTLE = b"SELECT app.settle(%s::jsonb)"
EXPIRE = b"SELECT app.expire_reservations(%s::boolean, %s::numeric, %s::integer)"
FORGET = b"SELECT app.forget_admissions(interval '7 days', 10000)"
FORGET_EVERY_S = 3600.0
# More at once would keep the locks of a busy cap longer than an admission should wait.
MOST_AT_ONCE = 100

log = logging.getLogger(__name__)


class Settlements:
    """The settlements of one process. Use: `start()` in a running loop, `add(...)`, `await close()`.

    `alert_share` of a cap, once spent, leaves an event. `in_full` says what becomes of reservations past their lease.
    """

    def __init__(
        self,
        directory: Path,
        connection: DedicatedConnection,
        *,
        alert_share: float,
        in_full: bool,
        interval_s: float = 0.1,
        expire_every_s: float = 15.0,
    ) -> None:
        self._outbox = Outbox(directory)
        self._connection = connection
        self._alert_share = alert_share
        self._in_full = in_full
        self._interval_s = interval_s
        self._expire_every_s = expire_every_s
        self._delivering = asyncio.Lock()
        self._added = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def add(self, id_: UUID, usd: float, tokens: int, at: datetime, caps: Iterable[Cap]) -> None:
        """Accept a settlement: once this returns, a killed process does not lose it. Returns at once.

        When the disk refuses it, it is lost, and the call ends with its lease.
        """
        windows = [budgets.as_row(cap) for cap in caps]
        row = {"id": id_, "usd": round(usd, 9), "tokens": tokens, "at": at, "windows": windows}
        try:
            self._outbox.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
        except OSError as error:
            log.error("the settlement of call %s cannot be kept (%s): its lease will end it", id_, error)
            return
        self._added.set()

    def start(self) -> None:
        """Begin to deliver, what a dead process left included, and to end leases."""
        self._task = asyncio.create_task(self._run())

    async def flush(self) -> None:
        """Return when all that was added is in the database. Raises StoreUnavailableError, settlements kept."""
        self._added.clear()
        async with self._delivering:
            self._outbox.seal()
            for segment in list(self._outbox.sealed):
                await self._deliver(segment)
                self._outbox.delivered(segment)

    async def expire(self) -> int:
        """End reservations past their lease, whoever made them; how many."""
        ended = await self._connection.value(EXPIRE, self._in_full, self._alert_share, MOST_AT_ONCE)
        if ended:
            how = "charged at their worst case" if self._in_full else "given back"
            log.warning("%d calls never settled, their process died: %s", ended, how)
        return int(ended)

    async def forget(self) -> int:
        """Remove rows that nobody needs any more, ten thousand of a kind at most; how many."""
        return int(await self._connection.value(FORGET))

    async def close(self) -> None:
        """Deliver what is there if the database answers, else leave it to the next process."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        try:
            await self.flush()
        except (StoreUnavailableError, ConfigurationError) as error:
            log.warning("settlements stay on disk for the next start: %s", error)
        self._outbox.close()

    async def _run(self) -> None:
        failing, next_round, next_forgetting = False, 0.0, 0.0
        while True:
            try:
                if time.monotonic() >= next_round:
                    self._outbox.adopt()
                    while await self.expire() == MOST_AT_ONCE:
                        pass
                    next_round = time.monotonic() + self._expire_every_s
                await self.flush()
                if time.monotonic() >= next_forgetting:
                    await self.forget()
                    next_forgetting = time.monotonic() + FORGET_EVERY_S
            except (StoreUnavailableError, ConfigurationError) as error:
                if not failing:
                    log.warning("settlements wait on disk: %s", error)
                failing = True
                await asyncio.sleep(1.0)
                continue
            failing = False
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, next_round - time.monotonic())):
                    await self._added.wait()
            await asyncio.sleep(self._interval_s)

    async def _deliver(self, segment: Segment) -> None:
        for lines in segment.batches():
            for some in _chunks(lines):
                try:
                    await self._settle(some)
                except (psycopg.DataError, psycopg.IntegrityError):
                    await self._one_by_one(some)

    async def _one_by_one(self, lines: list[bytes]) -> None:
        """Keep a line the database will never take from blocking the others."""
        for line in lines:
            try:
                await self._settle([line])
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                path = await asyncio.to_thread(self._outbox.reject, line)
                log.error("a settlement was rejected (%s): it is kept in %s", " ".join(str(error).split()), path)

    async def _settle(self, lines: list[bytes]) -> None:
        batch = b'{"alert":%r,"settlements":[%b]}' % (self._alert_share, b",".join(lines))
        await self._connection.value(SETTLE, batch.decode())


def _chunks(lines: list[bytes]) -> Iterator[list[bytes]]:
    remaining = iter(lines)
    while some := list(islice(remaining, MOST_AT_ONCE)):
        yield some
