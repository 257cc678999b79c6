"""Writing chunks into the index: how many a second, without embedding, and what an unchanged corpus costs.

Made documents of sections go through reading, chunking, planning and writing, as the pipeline's steps do without their
gates, into a Postgres of its own. The last line is JSON. `a_second` is by the clock, so it holds on a quiet machine
alone (`load` is the average before the run); `cpu_s_for_1000` is what 1,000 chunks cost the client and the server.

    python bench/ingestion.py [--documents 1000] [--batch 500]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
from psycopg_pool import AsyncConnectionPool

from app.data import indexing, postgres, store
from app.data.chunking import Chunk, chunk
from app.data.documents import Document, read
from app.settings import Retrieval

SYLLABLES = "ba ke li mo nu ra se ti vo zu dar fen gil hos jun pal quer stem tor win lan mir"
# Words of a section: a note of a few lines, a full chunk of 220 tokens.
LENGTHS = {"short": 25, "long": 140}
SECTIONS = 12
MODEL_OFF: dict[str, Any] = {"embed": None, "embedding_model": None}


def documents(count: int, words: int, *, seed: int) -> list[Document]:
    """The same documents for the same numbers: skewed words, as in every language."""
    rng = numpy.random.default_rng(seed)
    syllables = numpy.array(SYLLABLES.split())
    vocabulary = numpy.unique(["".join(rng.choice(syllables, rng.integers(2, 5))) for _ in range(45_000)])
    rng.shuffle(vocabulary)
    frequency = 1 / numpy.arange(1, len(vocabulary) + 1) ** 1.05
    drawn = rng.choice(len(vocabulary), (count, SECTIONS, words), p=frequency / frequency.sum())
    made = []
    for number, sections in enumerate(vocabulary[drawn]):
        parts = [f"## Part {place}\n\n{' '.join(section)}." for place, section in enumerate(sections)]
        text = f"# Document {number}\n\n" + "\n\n".join(parts)
        made.append(read(f"{seed}/{number}.md", text.encode(), "default"))
    return made


def batches(items: list[Document], size: int) -> Iterator[list[Document]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def ingest(pool: AsyncConnectionPool, corpus: list[Document], size: int) -> dict[str, float]:
    """Write a corpus in parts, each a growing corpus to the planner; seconds and counts."""
    settings, cut, written, count = Retrieval(), 0.0, 0.0, 0
    known: list[Document] = []
    for part in batches(corpus, size):
        known += part
        started = time.perf_counter()
        plan = await indexing.plan(pool, "default", known, settings)
        planned = time.perf_counter()
        chunks: list[Chunk] = [made for document in plan.pending for made in chunk(document, settings)]
        chunked = time.perf_counter()
        summary = await indexing.apply(pool, plan, chunks, **MODEL_OFF)
        cut += chunked - planned
        written += time.perf_counter() - chunked + planned - started
        count += summary.chunks_written
    return {"chunks": count, "chunking_s": cut, "writing_s": written, "a_second": count / (cut + written)}


async def unchanged(pool: AsyncConnectionPool, corpus: list[Document]) -> float:
    """Seconds of planning and applying the same corpus again."""
    started = time.perf_counter()
    plan = await indexing.plan(pool, "default", corpus, Retrieval())
    await indexing.apply(pool, plan, [], **MODEL_OFF)
    return time.perf_counter() - started


def server_cpu_s(pid: int) -> float | None:
    """Processor seconds of one server process, where the system tells it (Linux): less moved by a busy machine."""
    schedule = Path(f"/proc/{pid}/schedstat")
    return int(schedule.read_text().split()[0]) / 1e9 if schedule.exists() else None


async def measure(folder: Path, name: str, count: int, size: int) -> dict[str, float]:
    """One length of chunks into an empty database of its own."""
    owner = postgres.ensure_database(postgres.start(folder), f"bench_{name}")
    service = postgres.database_url(postgres.service(folder), f"bench_{name}")
    await asyncio.to_thread(store.migrate, owner)
    store.grant(owner, store.role_of(service))
    corpus = documents(count, LENGTHS[name], seed=7)
    pool = await store.open_pool(service, max_size=1, statement_timeout_s=300)
    try:
        async with pool.connection() as connection:
            pid = connection.info.backend_pid
        before = time.process_time()
        figures = await ingest(pool, corpus, size)
        figures["client_cpu_s"] = time.process_time() - before
        server = server_cpu_s(pid)
        if server is not None:
            figures["server_cpu_s"] = server
            used = figures["client_cpu_s"] + figures["server_cpu_s"]
            figures["a_cpu_second"] = figures["chunks"] / used
            figures["cpu_s_for_1000"] = 1_000 * used / figures["chunks"]
        figures["unchanged_s"] = await unchanged(pool, corpus)
    finally:
        await pool.close()
    return {key: round(value, 2) for key, value in figures.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=1_000)
    parser.add_argument("--batch", type=int, default=500, help="documents a transaction")
    options = parser.parse_args()
    load = round(os.getloadavg()[0], 1)
    folder = Path(tempfile.mkdtemp(prefix="bench-ingestion-"))
    folder.chmod(0o711)
    try:
        report = {name: asyncio.run(measure(folder, name, options.documents, options.batch)) for name in LENGTHS}
    finally:
        postgres.stop(folder)
        shutil.rmtree(folder)
    for name, values in report.items():
        print(f"{name:<6} " + "  ".join(f"{key} {value}" for key, value in values.items()))
    print(json.dumps({"documents": options.documents, "batch": options.batch, "load": load, **report}))


if __name__ == "__main__":
    main()
