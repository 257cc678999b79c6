"""A database that goes away and comes back, seen from a pool: nobody waits long, and it is back within seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

import pytest
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from app.data import connection_pool, indexing, store
from app.data.chunking import chunk
from app.errors import StoreUnavailableError
from app.settings import Retrieval
from tests.data.index import MODEL, corpus, letters


class Wire:
    """A way to a server that can be cut and mended; the port stays the same."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._there)
        self._open |= {writer, far_writer}
        await asyncio.gather(self._copy(reader, far_writer), self._copy(far_reader, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
            writer.close()
        except ConnectionError:
            writer.transport.abort()


@pytest.fixture
async def wire(service_url: str) -> AsyncIterator[Wire]:
    place = urlsplit(service_url)
    made = Wire(str(place.hostname), int(place.port or 5432))
    await made.mend()
    yield made
    await made.cut()


@pytest.fixture
async def pool(wire: Wire, service_url: str) -> AsyncIterator[AsyncConnectionPool]:
    place = urlsplit(service_url)
    through = place._replace(netloc=f"{place.username}:{place.password}@127.0.0.1:{wire.port}").geturl()
    opened = await store.open_pool(through, max_size=2, connect_timeout_s=1)
    yield opened
    await opened.close()


async def waited(pool: AsyncConnectionPool) -> float:
    """Seconds until the pool says that it has no connection."""
    started = time.perf_counter()
    with pytest.raises(PoolTimeout):
        async with pool.connection():
            pass
    return time.perf_counter() - started


@pytest.mark.slow
@pytest.mark.reliability("database restart")
async def test_only_the_first_waits_for_a_database_that_is_away(
    pool: AsyncConnectionPool, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are told at once; when it is back it is used within RECONNECT_S, however long it was away.

    The log says both once.
    """
    await wire.cut()
    first = await waited(pool)
    others = [await waited(pool) for _ in range(10)]

    await wire.mend()
    back = time.perf_counter()
    while time.perf_counter() - back < 10:
        try:
            async with pool.connection() as connection:
                await connection.execute("SELECT 1")
            break
        except PoolTimeout:
            await asyncio.sleep(0.05)
    took = time.perf_counter() - back

    assert first == pytest.approx(1, abs=0.5)
    assert max(others) < connection_pool.AWAY_S + 0.3
    assert took < connection_pool.RECONNECT_S + 1
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "the database is away",
        "the database is back",
    ]


async def test_a_busy_pool_is_not_taken_for_a_database_that_is_away(pool: AsyncConnectionPool) -> None:
    """Who waits for a connection that others use is given the whole time again and again."""
    async with pool.connection(), pool.connection():
        waits = [await waited(pool) for _ in range(2)]

    assert min(waits) > 0.9


@pytest.mark.reliability("database restart")
async def test_no_more_is_embedded_when_the_database_is_gone(pool: AsyncConnectionPool, wire: Wire) -> None:
    """Vectors that cannot be kept are not paid for: the next batch is not asked, and nothing was written."""
    asked = 0

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        nonlocal asked
        asked += 1
        await wire.cut()
        return [letters(text) for text in texts]

    settings = Retrieval()
    documents = corpus({f"{n}.md": f"# Note {n}\n\nText {n}." for n in range(3 * indexing.EMBED_BATCH)})
    plan = await indexing.plan(pool, "default", documents, settings)
    chunks = [made for document in plan.pending for made in chunk(document, settings)]

    with pytest.raises(StoreUnavailableError, match=r"went away .*: nothing was written; run again"):
        await indexing.apply(pool, plan, chunks, embed=embed, embedding_model=MODEL)

    assert asked == 1
