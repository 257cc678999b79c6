"""How well search ranks, by nDCG@10, recall@10 and MRR@10: its full text against Okapi BM25; with an embedding model
vectors and both together too, and how sure it is that both together beat the better of the two.

It asks the sample corpus with its evaluation cases, made sets in which the right chunk is known, and with --set public
sets or those that `bench/ranking_languages.py` makes:

    python bench/ranking.py [--set FOLDER ...] [--embed FILE.py:NAME] [--embed-questions FILE.py:NAME] [--only-sets]

The made sets follow public ones in what makes them hard: questions of few words, of many with common ones among them,
and words in another form than in the text. BM25 is the package rank_bm25, over the same chunks, without stemming as it
comes and with the database's own stemming; without the package it is left out. The last line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import runpy
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
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
from bench.ranking_measures import MEASURES, TOP, difference, means
from bench.ranking_sets import Judged, made, public, sample_judged

STEMS = """
    SELECT array_agg(lexeme)
    FROM unnest(to_tsvector('english', %s)) CROSS JOIN generate_series(1, cardinality(positions))
"""
MODEL = "bench"
Report = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Model:
    """An embedding model: what embeds chunks, and what embeds questions."""

    embed: indexing.Embed
    ask: indexing.Embed


class Bm25:
    """rank_bm25 over the chunks."""

    def __init__(self, chunks: Sequence[Chunk], words: Any) -> None:
        from rank_bm25 import BM25Okapi

        self._ids, self._words = [one.id for one in chunks], words
        self._index = BM25Okapi([words(embedding_input(one.title, one.heading, one.text)) for one in chunks])

    def __call__(self, question: str) -> list[str]:
        scores = self._index.get_scores(self._words(question))
        return [self._ids[n] for n in sorted(range(len(scores)), key=lambda n: -scores[n])[:TOP]]


def bm25(connection: psycopg.Connection, chunks: Sequence[Chunk]) -> dict[str, Bm25]:
    """BM25 as it comes and over the database's stems; nothing where the package is missing."""

    def stems(text: str) -> list[str]:
        row = connection.execute(STEMS, [text]).fetchone()
        return list(row[0] or []) if row else []

    if find_spec("rank_bm25") is None:
        return {}
    return {"BM25": Bm25(chunks, lambda text: text.lower().split()), "BM25, stemmed": Bm25(chunks, stems)}


async def compare(
    pool: AsyncConnectionPool,
    tenant: str,
    documents: Sequence[Document],
    sets: Mapping[str, Judged],
    owner: str,
    model: Model | None,
) -> Report:
    """What each way finds by set, the same chunks for all. What is relevant are chunks, or documents by their names."""
    settings = Retrieval()
    plan = await indexing.plan(pool, tenant, documents, settings)
    chunks = [piece for document in documents for piece in chunk(document, settings)]
    pending = {document.id for document in plan.pending}
    written = [one for one in chunks if one.document_id in pending]
    await indexing.apply(pool, plan, written, embed=model and model.embed, embedding_model=MODEL if model else None)
    document_of = {one.id: one.document_id for one in chunks}
    with psycopg.connect(owner, autocommit=True) as connection:
        peers = bm25(connection, chunks)

        async def ours(question: str, vector: Sequence[float] | None = None, **changed: float) -> list[retrieval.Hit]:
            return await retrieval.search(
                pool, question, vector, Caller(tenant=tenant), settings=settings.model_copy(update=changed),
                k=TOP * reranking.WIDTH, embedding_model=MODEL,
            )  # fmt: skip

        async def ways(question: str) -> dict[str, list[str]]:
            hits = await ours(question)
            again = await reranking.rerank(question, hits, len(hits), by="lexical")
            found = {"text": hits, "text, lexical rerank": again}
            if model:
                vector = (await model.ask([question]))[0]
                found["vectors"] = await ours("", vector, text_weight=0.0)
                found["hybrid"] = await ours(question, vector)
                found["hybrid, lexical rerank"] = await reranking.rerank(
                    question, found["hybrid"], len(found["hybrid"]), by="lexical"
                )
            ids = {way: [hit.chunk_id for hit in each] for way, each in found.items()}
            return ids | {way: peer(question) for way, peer in peers.items()}

        report: Report = {}
        for name, judged in sets.items():
            by_document = bool(judged[0][1] & set(document_of.values()))
            values: dict[str, dict[str, list[float]]] = {}
            for question, relevant in judged:
                for way, ids in (await ways(question)).items():
                    found = list(dict.fromkeys(document_of[one] for one in ids)) if by_document else ids
                    for measure, function in MEASURES.items():
                        each = values.setdefault(way, {}).setdefault(measure, [])
                        each.append(function(found, relevant))
            report[name] = summary(name, values)
    return report


def summary(name: str, values: Mapping[str, Mapping[str, Sequence[float]]]) -> dict[str, Any]:
    """The means of a set by way and measure, said in print; and what `hybrid` has over the better of its parts."""
    ways: dict[str, Any] = {way: means(each) for way, each in values.items()}
    print(name)
    for way, each in ways.items():
        print(f"  {way:<24}" + "  ".join(f"{measure} {value:.3f}" for measure, value in each.items()))
    if "hybrid" in values:
        ways["over the better part"] = {}
        for measure in MEASURES:
            part = max(("text", "vectors"), key=lambda way: ways[way][measure])
            gained = difference(values["hybrid"][measure], values[part][measure])
            ways["over the better part"][measure] = {"part": part, **asdict(gained)}
            print(f"  hybrid over {part}, {measure}: {gained}", flush=True)
    return ways


async def measure(service: str, owner: str, folders: Sequence[Path], model: Model | None, *, only_sets: bool) -> Report:
    """All sets, each corpus as a tenant of its own."""
    pool = await store.open_pool(service, max_size=1, statement_timeout_s=120)
    report: Report = {}
    try:
        if not only_sets:
            documents, judged = sample_judged()
            sets = {f"sample, {len(judged)} questions": judged}
            report |= await compare(pool, "default", documents, sets, owner, model)
            files, questions = made(5)
            files = [read(one.id, one.text.encode(), "made") for one in files]
            kinds = {f"made, {kind}": [(q, {name}) for q, name in asked] for kind, asked in questions.items()}
            report |= await compare(pool, "made", files, kinds, owner, None)
        for folder in folders:
            documents, judged = public(folder)
            sets = {f"{folder.name}, {len(judged)} questions": judged}
            report |= await compare(pool, folder.name, documents, sets, owner, model)
        return report
    finally:
        await pool.close()


def embedder(spec: str) -> indexing.Embed:
    """The function that `FILE.py:NAME` names: texts in, vectors out."""
    file, _, name = spec.rpartition(":")
    function = runpy.run_path(file)[name]

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        return [[float(value) for value in vector] for vector in await asyncio.to_thread(function, list(texts))]

    return embed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", dest="folders", type=Path, action="append", default=[], help="a public set's folder")
    parser.add_argument("--embed", metavar="FILE.py:NAME", help="a function from texts to vectors")
    parser.add_argument("--embed-questions", metavar="FILE.py:NAME", help="for questions, where they have another")
    parser.add_argument("--only-sets", action="store_true", help="neither the sample nor the made sets")
    options = parser.parse_args()
    model = None
    if options.embed:
        model = Model(embedder(options.embed), embedder(options.embed_questions or options.embed))
    if find_spec("rank_bm25") is None:
        print("rank_bm25 is not installed: no comparison with BM25")
    folder = Path(tempfile.mkdtemp(prefix="bench-ranking-"))
    folder.chmod(0o711)
    owner = postgres.start(folder)
    try:
        service = postgres.service(folder)
        store.migrate(owner)
        store.grant(owner, store.role_of(service))
        report = asyncio.run(measure(service, owner, options.folders, model, only_sets=options.only_sets))
    finally:
        postgres.stop(folder)
        shutil.rmtree(folder)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
