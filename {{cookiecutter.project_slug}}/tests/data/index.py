"""A small index for the tests of indexing and retrieval: documents from strings, an embedder that remembers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg_pool import AsyncConnectionPool

from app.data import indexing
from app.data.chunking import chunk
from app.data.documents import Document, read
from app.data.indexing import Summary
from app.settings import Retrieval

MODEL = "letters"


class LetterEmbedder:
    """Embeds a text as its counts of the letters a to h, and remembers what it was asked."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        self.seen += texts
        return [letters(text) for text in texts]


def letters(text: str) -> list[float]:
    return [text.lower().count(letter) + 0.01 for letter in "abcdefgh"]


def corpus(files: Mapping[str, str], tenant: str = "default") -> list[Document]:
    return [read(name, text.encode(), tenant) for name, text in files.items()]


async def ingest(
    pool: AsyncConnectionPool,
    files: Mapping[str, str],
    *,
    tenant: str = "default",
    settings: Retrieval | None = None,
    embed: indexing.Embed | None = None,
    model: str | None = MODEL,
) -> Summary:
    """Plan, chunk and apply, as the pipeline does without its gates."""
    settings = settings or Retrieval()
    plan = await indexing.plan(pool, tenant, corpus(files, tenant), settings)
    chunks = [made for document in plan.pending for made in chunk(document, settings)]
    return await indexing.apply(pool, plan, chunks, embed=embed, embedding_model=model if embed else None)
