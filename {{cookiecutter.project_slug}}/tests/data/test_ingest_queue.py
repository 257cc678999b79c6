"""Many workers on one queue: every document is written once, whoever dies in the middle."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from app.caller import Caller
from app.data import access, indexing, ingest_queue, retrieval
from app.data.chunking import Chunk, chunk
from app.errors import InputError, StoreUnavailableError
from app.settings import Retrieval
from tests.data.index import MODEL, LetterEmbedder, corpus

SETTINGS = Retrieval()
FILES = {f"{n}.md": f"# D{n}\n\n## One\n\nFirst of {n}.\n\n## Two\n\nSecond of {n}." for n in range(120)}

# A worker as its own program: it says how many documents it has claimed so far, slowly enough to be killed.
WORKER = """
import asyncio, sys, time
from app.data import ingest_queue, store
from app.settings import Retrieval
from tests.data.index import MODEL, letters

async def embed(texts):
    print("claimed", flush=True)
    await asyncio.sleep(0.1)
    return [letters(text) for text in texts]

async def main():
    pool = await store.open_pool(sys.argv[1], max_size=1)
    done = await ingest_queue.work(pool, "default", Retrieval(), embed=embed, embedding_model=MODEL, batch=5, lease_s=6)
    print("done", done.documents, flush=True)
    await pool.close()

asyncio.run(main())
"""


async def filled(pool: AsyncConnectionPool, files: dict[str, str]) -> int:
    return await ingest_queue.fill(pool, await indexing.plan(pool, "default", corpus(files), SETTINGS))


@pytest.mark.reliability("step twice after a crash")
@pytest.mark.slow
@pytest.mark.feature("D1")
async def test_four_workers_of_which_one_is_killed_write_everything_once(
    pool: AsyncConnectionPool, service_url: str, database_url: str
) -> None:
    """120 documents, 4 processes, SIGKILL to the first after its claim: no chunk is missing, doubled or bare."""
    assert await filled(pool, FILES) == 120
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    workers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", WORKER, service_url, stdout=asyncio.subprocess.PIPE, env=environment
        )
        for _ in range(4)
    ]
    victim = workers[0]
    assert victim.stdout is not None
    assert await victim.stdout.readline() == b"claimed\n"
    victim.send_signal(signal.SIGKILL)
    said = [(await asyncio.wait_for(one.communicate(), 60))[0].decode() for one in workers]

    written = sum(int(text.rsplit("done ", 1)[1]) for text in said[1:])
    wanted = {made.id for document in corpus(FILES) for made in chunk(document, SETTINGS)}
    with psycopg.connect(database_url) as connection:
        stored = [row[0] for row in connection.execute("SELECT id FROM app.chunks")]
        bare = connection.execute(
            "SELECT count(*) FROM app.chunks c WHERE NOT EXISTS (SELECT FROM app.embeddings e WHERE e.chunk_id = c.id)"
        ).fetchone()
        counted = connection.execute("SELECT chunks FROM app.words WHERE word = ''").fetchone()
    assert sorted(stored) == sorted(wanted)
    assert bare == (0,)
    assert counted == (len(wanted),)
    # What the victim had claimed was written by another; a transaction that it had committed before counts as its own.
    assert 115 <= written <= 120
    assert await ingest_queue.waiting(pool, "default") == ingest_queue.Waiting(0, 0, {})
    assert {len(one.split("claimed")) > 1 for one in said[1:]} == {True}


@pytest.mark.feature("D1")
async def test_who_outlasts_its_lease_writes_nothing(pool: AsyncConnectionPool) -> None:
    """Another worker took the documents over meanwhile: the late one is told so, and each chunk is there once."""
    await filled(pool, {"a.md": "# A\n\nOnly text."})
    other = LetterEmbedder()

    async def slow(texts: Sequence[str]) -> list[list[float]]:
        await asyncio.sleep(0.3)
        await ingest_queue.work(pool, "default", SETTINGS, embed=other, embedding_model=MODEL)
        return await LetterEmbedder()(texts)

    with pytest.raises(StoreUnavailableError, match="taken over by another worker: nothing was written"):
        await ingest_queue.work(pool, "default", SETTINGS, embed=slow, embedding_model=MODEL, lease_s=0.2)

    assert len(other.seen) == 1
    assert len(await retrieval.search(pool, "only text", None, Caller(), settings=SETTINGS)) == 1


@pytest.mark.feature("D1")
async def test_a_batch_that_always_fails_is_given_up_with_its_reason(pool: AsyncConnectionPool) -> None:
    """After three attempts it stands apart, nothing of it is written, and the workers end."""
    await filled(pool, {"a.md": "# A\n\nText."})

    def refuse(chunks: Sequence[Chunk]) -> None:
        raise InputError(f"{chunks[0].document_id} is not to our taste")

    for _ in range(ingest_queue.ATTEMPTS):
        with pytest.raises(InputError, match="not to our taste"):
            await ingest_queue.work(pool, "default", SETTINGS, check=refuse)
    done = await ingest_queue.work(pool, "default", SETTINGS)

    assert done == ingest_queue.Done(0, 0)
    assert (await ingest_queue.waiting(pool, "default")).failed == {"a.md": "a.md is not to our taste"}
    assert await filled(pool, {"a.md": "# A\n\nText."}) == 1
    assert await ingest_queue.work(pool, "default", SETTINGS) == ingest_queue.Done(1, 1)


@pytest.mark.feature("D1")
async def test_the_queue_takes_changes_and_deletions(pool: AsyncConnectionPool, service_url: str) -> None:
    """A newer version replaces the one that waits; a deleted document goes at once, from the queue as well."""
    await filled(pool, {"a.md": "# A\n\nOld text.", "b.md": "# B\n\nText."})
    await filled(pool, {"a.md": "# A\n\nNewer text.", "b.md": "# B\n\nText."})
    await ingest_queue.work(pool, "default", SETTINGS)
    assert len(await retrieval.search(pool, "newer", None, Caller(), settings=SETTINGS)) == 1

    assert await filled(pool, {"a.md": "# A\n\nNewer text."}) == 0
    assert await retrieval.search(pool, "b text", None, Caller(), settings=SETTINGS, k=5) != []
    found = await retrieval.search(pool, "text", None, Caller(), settings=SETTINGS)
    assert [hit.document_id for hit in found] == ["a.md"]


@pytest.mark.feature("D5")
async def test_what_is_taken_back_before_it_was_written_does_not_wait_on(pool: AsyncConnectionPool) -> None:
    """A new file that is gone again, and an edit that was undone, while both were still on the queue."""
    await filled(pool, {"a.md": "# A\n\nThe plan."})
    await ingest_queue.work(pool, "default", SETTINGS)
    await filled(pool, {"a.md": "# A\n\nAnother plan.", "b.md": "# B\n\nA draft by mistake."})

    assert await filled(pool, {"a.md": "# A\n\nThe plan."}) == 0
    assert await ingest_queue.waiting(pool, "default") == ingest_queue.Waiting(0, 0, {})
    assert await ingest_queue.work(pool, "default", SETTINGS) == ingest_queue.Done()

    async with access.indexing(pool, "default") as connection:
        rows = await (await connection.execute("SELECT document_id, text FROM chunks")).fetchall()
    assert [name for name, _ in rows] == ["a.md"]
    assert "The plan." in rows[0][1]


async def test_no_caller_sees_what_waits(pool: AsyncConnectionPool) -> None:
    """The queue holds texts of closed documents."""
    await filled(pool, {"a.md": "---\ngroups: [staff]\n---\n# A\n\nText."})

    async with access.reading(pool, Caller(groups=frozenset({"staff"}))) as connection:
        seen = await (await connection.execute("SELECT * FROM ingest_queue")).fetchall()

    assert seen == []
