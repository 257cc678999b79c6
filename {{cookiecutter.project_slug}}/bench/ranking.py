"""How well full text ranks: ours against Okapi BM25, by nDCG@10, on the sample corpus with its evaluation cases and on
made sets in which the right chunk is known.

The made sets follow public ones in what makes them hard: questions of few words, of many with common ones among them,
and words in another form than in the text. BM25 is the package rank_bm25, over the same chunks, without stemming as it
comes and with the database's own stemming. The last line is JSON.

With --set public sets are asked as well, with --embed vectors and both together:

    python bench/ranking.py [--set FOLDER ...] [--embed FILE.py:NAME]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import runpy
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from app.caller import Caller
from app.data import indexing, postgres, reranking, retrieval, store
from app.data.chunking import Chunk, chunk, embedding_input
from app.data.documents import Document, read
from app.settings import Retrieval
from bench.ranking_sets import Judged, made, public, sample_judged

TOP = 10
STEMS = """
    SELECT array_agg(lexeme)
    FROM unnest(to_tsvector('english', %s)) CROSS JOIN generate_series(1, cardinality(positions))
"""
MODEL = "bench"


def ndcg(found: Sequence[str], relevant: set[str]) -> float:
    """With two grades of relevance, of the first ten."""
    gained = sum(1 / math.log2(place + 2) for place, name in enumerate(found[:TOP]) if name in relevant)
    return gained / sum(1 / math.log2(place + 2) for place in range(min(TOP, len(relevant))))


class Bm25:
    """rank_bm25 over the chunks."""

    def __init__(self, chunks: Sequence[Chunk], words: Any) -> None:
        from rank_bm25 import BM25Okapi

        self._ids, self._words = [one.id for one in chunks], words
        self._index = BM25Okapi([words(embedding_input(one.title, one.heading, one.text)) for one in chunks])

    def __call__(self, question: str) -> list[str]:
        scores = self._index.get_scores(self._words(question))
        return [self._ids[n] for n in sorted(range(len(scores)), key=lambda n: -scores[n])[:TOP]]


async def compare(
    pool: AsyncConnectionPool,
    tenant: str,
    documents: Sequence[Document],
    sets: Mapping[str, Judged],
    owner: str,
    embed: indexing.Embed | None,
) -> dict[str, dict[str, float]]:
    """nDCG@10 of each way by set, the same chunks for all. What is relevant are chunks, or documents by their names."""
    settings = Retrieval()
    plan = await indexing.plan(pool, tenant, documents, settings)
    chunks = [piece for document in documents for piece in chunk(document, settings)]
    pending = {document.id for document in plan.pending}
    written = [one for one in chunks if one.document_id in pending]
    await indexing.apply(pool, plan, written, embed=embed, embedding_model=MODEL if embed else None)
    document_of = {one.id: one.document_id for one in chunks}
    report: dict[str, dict[str, float]] = {}
    with psycopg.connect(owner, autocommit=True) as connection:

        def stems(text: str) -> list[str]:
            row = connection.execute(STEMS, [text]).fetchone()
            return list(row[0] or []) if row else []

        plain, stemmed = Bm25(chunks, lambda text: text.lower().split()), Bm25(chunks, stems)

        async def ours(question: str, vector: Sequence[float] | None = None, **changed: float) -> list[retrieval.Hit]:
            return await retrieval.search(
                pool, question, vector, Caller(tenant=tenant), settings=settings.model_copy(update=changed),
                k=TOP * reranking.WIDTH, embedding_model=MODEL,
            )  # fmt: skip

        for name, judged in sets.items():
            by_document = any(names & set(document_of.values()) for _, names in judged[:1])
            sums: dict[str, float] = {}

            def add(way: str, ids: Sequence[str], relevant: set[str]) -> None:
                found = list(dict.fromkeys(document_of[one] for one in ids)) if by_document else ids  # noqa: B023
                sums[way] = sums.get(way, 0.0) + ndcg(found, relevant)  # noqa: B023

            for question, relevant in judged:
                hits = await ours(question)
                again = await reranking.rerank(question, hits, len(hits), by="lexical")
                add("ours", [hit.chunk_id for hit in hits], relevant)
                add("ours, lexical rerank", [hit.chunk_id for hit in again], relevant)
                add("BM25", plain(question), relevant)
                add("BM25, stemmed", stemmed(question), relevant)
                if embed:
                    vector = (await embed([question]))[0]
                    add("vectors", [hit.chunk_id for hit in await ours("", vector, text_weight=0.0)], relevant)
                    add("hybrid", [hit.chunk_id for hit in await ours(question, vector)], relevant)
            report[name] = {way: round(total / len(judged), 3) for way, total in sums.items()}
            print(f"{name:<24} " + "  ".join(f"{way} {value}" for way, value in report[name].items()), flush=True)
    return report


async def measure(
    service: str, owner: str, folders: Sequence[Path], embed: indexing.Embed | None
) -> dict[str, dict[str, float]]:
    """All sets, each corpus as a tenant of its own."""
    pool = await store.open_pool(service, max_size=1, statement_timeout_s=120)
    try:
        documents, judged = sample_judged()
        report = await compare(pool, "default", documents, {f"sample, {len(judged)} questions": judged}, owner, embed)
        for folder in folders:
            documents, judged = public(folder)
            sets = {f"{folder.name}, {len(judged)} questions": judged}
            report |= await compare(pool, folder.name, documents, sets, owner, embed)
        files, questions = made(5)
        files = [read(one.id, one.text.encode(), "made") for one in files]
        kinds = {f"made, {kind}": [(q, {name}) for q, name in asked] for kind, asked in questions.items()}
        return report | await compare(pool, "made", files, kinds, owner, None)
    finally:
        await pool.close()


def embedder(spec: str | None) -> indexing.Embed | None:
    """The function that `FILE.py:NAME` names: texts in, vectors out."""
    if spec is None:
        return None
    file, _, name = spec.rpartition(":")
    function = runpy.run_path(file)[name]

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        return [[float(value) for value in vector] for vector in await asyncio.to_thread(function, list(texts))]

    return embed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", dest="folders", type=Path, action="append", default=[], help="a public set's folder")
    parser.add_argument("--embed", metavar="FILE.py:NAME", help="a function from texts to vectors")
    options = parser.parse_args()
    if find_spec("rank_bm25") is None:
        raise SystemExit("the package rank_bm25 is missing: install it beside the project, or put it on PYTHONPATH")
    folder = Path(tempfile.mkdtemp(prefix="bench-ranking-"))
    folder.chmod(0o711)
    owner = postgres.start(folder)
    try:
        service = postgres.service(folder)
        store.migrate(owner)
        store.grant(owner, store.role_of(service))
        report = asyncio.run(measure(service, owner, options.folders, embedder(options.embed)))
    finally:
        postgres.stop(folder)
        shutil.rmtree(folder)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
