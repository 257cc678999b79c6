"""How well full text ranks: ours against Okapi BM25, by nDCG@10, on the sample corpus with its evaluation cases and on
made sets in which the right chunk is known.

The made sets follow public ones in what makes them hard: questions of few words, of many with common ones among them,
and words in another form than in the text. BM25 is the package rank_bm25, over the same chunks, without stemming as it
comes and with the database's own stemming. The last line is JSON.

    python bench/ranking.py
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
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
from app.data.documents import Document, load, read
from app.settings import Retrieval

ROOT = Path(__file__).resolve().parent.parent
TOP = 10
STEMS = """
    SELECT array_agg(lexeme)
    FROM unnest(to_tsvector('english', %s)) CROSS JOIN generate_series(1, cardinality(positions))
"""
Judged = list[tuple[str, set[str]]]


def sample() -> tuple[list[Document], list[tuple[str, list[tuple[str, str]]]]]:
    """The sample corpus and its answerable questions with the sections that answer them."""
    cases = [json.loads(line) for line in (ROOT / "evals/cases/rag.jsonl").read_text("utf-8").splitlines()]
    asked = [
        (case["inputs"]["question"], [(one["document"], one["heading"]) for one in case["expected"]["relevant"]])
        for case in cases
        if case["expected"]["answerable"]
    ]
    return list(load(ROOT / "corpus").documents), asked


def made(seed: int, documents: int = 400) -> tuple[list[Document], dict[str, list[tuple[str, str]]]]:
    """Documents of made words; questions of three kinds, each with the one document it was made from."""
    draw = random.Random(seed)
    roots = [
        a + b + c + d for a in "bdfgklmprst" for b in "aeiou" for c in ("nt", "rk", "mp", "ld", "st") for d in "ab"
    ]
    draw.shuffle(roots)
    common = [
        "the",
        "of",
        "and",
        "a",
        "to",
        "in",
        "is",
        "for",
        "on",
        "with",
        "that",
        "by",
        "this",
        "from",
        "which",
        "not",
        "are",
        "be",
        "has",
        "was",
        "will",
        "can",
        "should",
    ]
    forms = ("", "ing", "ed", "s")
    files, questions = [], {"few words": [], "many words": [], "other forms": []}
    for number in range(documents):
        own = draw.sample(roots, 12)
        body = " ".join(
            draw.choice(own) + draw.choice(forms) if draw.random() < 0.25
            else draw.choice(roots) + draw.choice(forms) if draw.random() < 0.3
            else draw.choice(common)
            for _ in range(draw.choice((40, 90, 160)))
        )  # fmt: skip
        name = f"{number}.md"
        files.append(read(name, f"# Note {number}\n\n{body}.".encode()))
        rare = draw.sample(own, 3)
        questions["few words"].append((" ".join(rare), name))
        questions["many words"].append((" ".join([*rare, *draw.sample(common, 7)]), name))
        questions["other forms"].append((" ".join(word + draw.choice(forms[1:]) for word in rare), name))
    return files, questions


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
    pool: AsyncConnectionPool, tenant: str, documents: Sequence[Document], sets: Mapping[str, Judged], owner: str
) -> dict[str, dict[str, float]]:
    """nDCG@10 of each way by set, the same chunks for all."""
    settings = Retrieval()
    plan = await indexing.plan(pool, tenant, documents, settings)
    chunks = [piece for document in documents for piece in chunk(document, settings)]
    pending = {document.id for document in plan.pending}
    await indexing.apply(pool, plan, [one for one in chunks if one.document_id in pending])
    report: dict[str, dict[str, float]] = {}
    with psycopg.connect(owner, autocommit=True) as connection:

        def stems(text: str) -> list[str]:
            row = connection.execute(STEMS, [text]).fetchone()
            return list(row[0] or []) if row else []

        plain, stemmed = Bm25(chunks, lambda text: text.lower().split()), Bm25(chunks, stems)
        for name, judged in sets.items():
            sums = dict.fromkeys(("ours", "ours, lexical rerank", "BM25", "BM25, stemmed"), 0.0)
            for question, relevant in judged:
                hits = await retrieval.search(
                    pool, question, None, Caller(tenant=tenant), settings=settings, k=TOP * reranking.WIDTH
                )
                again = await reranking.rerank(question, hits, TOP, by="lexical")
                sums["ours"] += ndcg([hit.chunk_id for hit in hits], relevant)
                sums["ours, lexical rerank"] += ndcg([hit.chunk_id for hit in again], relevant)
                sums["BM25"] += ndcg(plain(question), relevant)
                sums["BM25, stemmed"] += ndcg(stemmed(question), relevant)
            report[name] = {way: round(total / len(judged), 3) for way, total in sums.items()}
    return report


async def measure(service: str, owner: str) -> dict[str, dict[str, float]]:
    """All sets, each corpus as a tenant of its own."""
    pool = await store.open_pool(service, max_size=1)
    try:
        documents, asked = sample()
        pieces = [piece for document in documents for piece in chunk(document, Retrieval())]
        sections = {
            (document.id, heading): {p.id for p in pieces if p.document_id == document.id and heading in p.heading[-1:]}
            for document in documents
            for heading in {piece.heading[-1] for piece in pieces if piece.heading}
        }
        judged: Judged = [
            (question, relevant)
            for question, wanted in asked
            if (relevant := set().union(*(sections.get(one, set()) for one in wanted)))
        ]
        report = await compare(pool, "default", documents, {f"sample, {len(judged)} questions": judged}, owner)
        files, questions = made(5)
        files = [read(one.id, one.text.encode(), "made") for one in files]
        own: dict[str, set[str]] = {}
        for document in files:
            own[document.id] = {piece.id for piece in chunk(document, Retrieval())}
        sets = {f"made, {kind}": [(q, own[name]) for q, name in asked] for kind, asked in questions.items()}
        return report | await compare(pool, "made", files, sets, owner)
    finally:
        await pool.close()


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    if find_spec("rank_bm25") is None:
        raise SystemExit("the package rank_bm25 is missing: install it beside the project, or put it on PYTHONPATH")
    folder = Path(tempfile.mkdtemp(prefix="bench-ranking-"))
    folder.chmod(0o711)
    owner = postgres.start(folder)
    try:
        service = postgres.service(folder)
        store.migrate(owner)
        store.grant(owner, store.role_of(service))
        report = asyncio.run(measure(service, owner))
    finally:
        postgres.stop(folder)
        shutil.rmtree(folder)
    for name, values in report.items():
        print(f"{name:<24} " + "  ".join(f"{way} {value}" for way, value in values.items()))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
