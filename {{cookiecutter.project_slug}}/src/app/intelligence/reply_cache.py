"""The caches of the gateway in the one Postgres. While it is away every look-up misses and nothing is kept.

A reply that some process is asking a model for is not asked for again: the others wait for it. The process that asks
lengthens its claims while it works; one that died loses them after `lease_s`, and the next in line asks.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any
from uuid import uuid4

from psycopg_pool import AsyncConnectionPool

from app.data import cache, embedding_cache, semantic_cache
from app.data.batching import MOST_AT_ONCE, Batches
from app.data.kept import KeptVector, Near
from app.errors import StoreUnavailableError

FIRST_WAIT_S = 0.02
LONGEST_WAIT_S = 0.25
PURGE_EVERY_S = 600.0
WRITE_EVERY_S = 0.02

log = logging.getLogger(__name__)


class PostgresCaches:
    """One process's view of the caches. Use: `start()` in a running loop, `await close()`."""

    def __init__(self, pool: AsyncConnectionPool, *, lease_s: float = 3.0) -> None:
        self._pool = pool
        self._lease_s = lease_s
        self._owner = uuid4()
        self._held: set[tuple[str, str]] = set()
        self._keeper: asyncio.Task[None] | None = None
        self._claims: Batches[tuple[str, str], tuple[Mapping[str, Any] | None, bool]] = Batches(self._get_or_claim)
        self._pending: dict[tuple[str, str], cache.Kept] = {}
        self._writer: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to lengthen claims and to sweep out what has expired."""
        self._keeper = asyncio.create_task(self._keep_up(), name="caches")

    async def close(self) -> None:
        """Stop, what is pending written, and give up the claims that are left."""
        if self._writer is not None:
            await self._writer
        if self._keeper is not None:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper
        for identity, tenant in list(self._held):
            await self.release(identity, tenant)

    async def get(self, identity: str, tenant: str, *, expired: bool = False) -> Mapping[str, Any] | None:
        """The stored reply, None when there is none; one that has expired counts only as `expired`."""
        if (kept := self._pending.get((identity, tenant))) is not None:
            return kept.reply
        try:
            return await cache.get(self._pool, identity, tenant, expired=expired)
        except StoreUnavailableError as error:
            log.warning("reply cache missed: %s", error)
            return None

    async def get_or_claim(self, identity: str, tenant: str, wait_s: float) -> Mapping[str, Any] | None:
        """The stored reply, waiting up to `wait_s` while another process makes it; None: make it yourself.

        Whoever got None calls `put` or `release`.
        """
        if (kept := self._pending.get((identity, tenant))) is not None:
            return kept.reply
        until, pause = time.monotonic() + wait_s, FIRST_WAIT_S
        try:
            while True:
                reply, claimed = await self._claims.answer((identity, tenant))
                if reply is not None:
                    return reply
                if claimed:
                    self._held.add((identity, tenant))
                    return None
                if time.monotonic() + pause > until:
                    return None
                await asyncio.sleep(pause)
                pause = min(LONGEST_WAIT_S, pause * 1.5)
        except StoreUnavailableError as error:
            log.warning("reply cache missed: %s", error)
            return None

    async def put(self, identity: str, tenant: str, task: str, reply: Mapping[str, Any], ttl_s: float) -> None:
        """Keep a reply, which ends the claim on it: here at once, for other processes within WRITE_EVERY_S.

        Replies that come in between are written together. A process killed meanwhile has not kept them.
        """
        self._pending[identity, tenant] = cache.Kept(identity, tenant, task, reply, ttl_s)
        self._held.discard((identity, tenant))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def release(self, identity: str, tenant: str) -> None:
        """End the claim, if it still stands."""
        if (identity, tenant) not in self._held:
            return
        self._held.discard((identity, tenant))
        try:
            await cache.release(self._pool, identity, tenant, self._owner)
        except StoreUnavailableError as error:
            log.warning("claim not released, it ends by itself in %.0f s: %s", self._lease_s, error)

    async def nearest(self, scope: str, tenant: str, vector: Sequence[float], similarity: float) -> list[Near]:
        """The nearest questions answered before in this scope."""
        try:
            return await semantic_cache.nearest(self._pool, scope, tenant, vector, similarity)
        except StoreUnavailableError as error:
            log.warning("semantic cache missed: %s", error)
            return []

    async def put_meaning(
        self,
        identity: str,
        scope: str,
        tenant: str,
        task: str,
        question: str,
        vector: Sequence[float],
        reply: Mapping[str, Any],
        ttl_s: float,
    ) -> None:
        """Keep a reply under the meaning of its question."""
        try:
            await semantic_cache.put(self._pool, identity, scope, tenant, task, question, vector, reply, ttl_s)
        except StoreUnavailableError as error:
            log.warning("reply not kept by meaning: %s", error)

    async def vectors(self, tenant: str, model: str, digests: Sequence[bytes]) -> dict[bytes, KeptVector]:
        """The vectors that are kept of these texts."""
        try:
            return await embedding_cache.get(self._pool, tenant, model, digests)
        except StoreUnavailableError as error:
            log.warning("embedding cache missed: %s", error)
            return {}

    async def put_vectors(self, tenant: str, model: str, vectors: Mapping[bytes, KeptVector], ttl_s: float) -> None:
        """Keep vectors."""
        try:
            await embedding_cache.put(self._pool, tenant, model, vectors, ttl_s)
        except StoreUnavailableError as error:
            log.warning("vectors not cached: %s", error)

    async def _get_or_claim(self, asked: Sequence[tuple[str, str]]) -> list[tuple[Mapping[str, Any] | None, bool]]:
        """Those asked for twice at once are asked for once: the second is told that somebody else makes it."""
        different = list(dict.fromkeys(asked))
        found = dict(
            zip(different, await cache.get_or_claim(self._pool, different, self._owner, self._lease_s), strict=True)
        )
        answers: list[tuple[Mapping[str, Any] | None, bool]] = []
        for one in asked:
            reply, claimed = found[one]
            answers.append((reply, claimed))
            found[one] = (reply, False)
        return answers

    async def _write(self) -> None:
        while self._pending:
            await asyncio.sleep(WRITE_EVERY_S)
            batch = dict(islice(self._pending.items(), MOST_AT_ONCE))
            try:
                await cache.put(self._pool, list(batch.values()), self._owner)
            except StoreUnavailableError as error:
                log.warning("%d replies not cached: %s", len(batch), error)
            for key, kept in batch.items():
                if self._pending.get(key) is kept:
                    del self._pending[key]

    async def _keep_up(self) -> None:
        purged_at = time.monotonic()
        while True:
            await asyncio.sleep(self._lease_s / 3)
            with suppress(StoreUnavailableError):
                if self._held:
                    await cache.renew(self._pool, self._owner, self._lease_s)
                if time.monotonic() - purged_at > PURGE_EVERY_S:
                    purged_at = time.monotonic()
                    await cache.purge(self._pool)
