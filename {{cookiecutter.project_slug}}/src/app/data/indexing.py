"""Bringing the index up to date with the corpus: what changed is planned first, then written in one transaction.

Unchanged documents cost nothing and unchanged texts are not embedded again. Models are not known here: vectors come
from a callable. Nothing is written before all vectors are there, so that a failure leaves the index as it was.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncCursor
from psycopg_pool import AsyncConnectionPool

from app.data import access, index_tables
from app.data.chunking import Chunk, chunking_identity, embedding_input
from app.data.documents import Document
from app.errors import InputError, ProviderBrokenError
from app.settings import Retrieval

Embed = Callable[[Sequence[str]], Awaitable[Sequence[Sequence[float]]]]
EMBED_BATCH = 64
MODELS = """
    SELECT m.model, count(e.chunk_id), count(*) FROM (SELECT DISTINCT model FROM embeddings WHERE tenant = %(tenant)s) m
    CROSS JOIN chunks c
    LEFT JOIN embeddings e ON e.chunk_id = c.id AND e.model = m.model AND e.content_hash = c.content_hash
    WHERE c.tenant = %(tenant)s GROUP BY m.model ORDER BY m.model
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What has to be done for one tenant. `pending` are the documents that must be chunked: new and changed ones."""

    tenant: str
    chunking: str
    new: tuple[Document, ...]
    changed: tuple[Document, ...]
    unchanged: tuple[str, ...]
    deleted: tuple[str, ...]

    @property
    def pending(self) -> tuple[Document, ...]:
        return (*self.new, *self.changed)


@dataclass(frozen=True, slots=True)
class Summary:
    """What was done. `chunks_kept` kept their text; `embedded` were computed, `embeddings_reused` found by content."""

    documents_new: int
    documents_changed: int
    documents_unchanged: int
    documents_deleted: int
    chunks_written: int
    chunks_kept: int
    chunks_deleted: int
    embedded: int
    embeddings_reused: int


async def plan(pool: AsyncConnectionPool, tenant: str, documents: Sequence[Document], settings: Retrieval) -> Plan:
    """Compare the whole corpus of a tenant with what is indexed. A document that is not given is to be deleted.

    Raises InputError when a document belongs to another tenant or two have the same id.
    """
    given = {document.id: document for document in documents}
    if len(given) != len(documents) or any(document.tenant != tenant for document in documents):
        raise InputError(f"documents of tenant {tenant!r} must be its own and have distinct ids: correct the list")
    chunking = chunking_identity(settings)
    async with access.indexing(pool, tenant) as connection:
        rows = await (
            await connection.execute("SELECT id, version, chunking FROM documents WHERE tenant = %s", [tenant])
        ).fetchall()
    indexed = {name: (version, chunked) for name, version, chunked in rows}
    same = {name for name, document in given.items() if indexed.get(name) == (document.version, chunking)}
    return Plan(
        tenant=tenant,
        chunking=chunking,
        new=tuple(d for d in documents if d.id not in indexed),
        changed=tuple(d for d in documents if d.id in indexed and d.id not in same),
        unchanged=tuple(sorted(same)),
        deleted=tuple(sorted(set(indexed) - set(given))),
    )


async def apply(
    pool: AsyncConnectionPool,
    plan: Plan,
    chunks: Sequence[Chunk],
    *,
    embed: Embed | None = None,
    embedding_model: str | None = None,
    only_plan: bool = False,
    within: Callable[[AsyncCursor[Any]], Awaitable[None]] | None = None,
) -> Summary:
    """Write a plan and the chunks of its pending documents. All or nothing.

    With `embed` every chunk of the tenant that has no fresh vector of `embedding_model` gets one, in batches of
    EMBED_BATCH texts; those of unchanged documents included, unless `only_plan`, which also leaves the statistics of
    the tables to the caller. `within` is called last in the transaction and undoes it by raising. Raises InputError for
    chunks that are not the plan's, ProviderBrokenError when the vectors do not fit the texts.
    """
    _check(plan, chunks)
    vectors: dict[str, Sequence[float]] = {}
    if embed is not None and embedding_model is not None:
        missing = await _texts_to_embed(pool, plan, chunks, embedding_model, only_plan=only_plan)
        vectors = await _embed(embed, embedding_model, missing, lambda: _still_there(pool, plan.tenant))
    attached = 0
    async with access.indexing(pool, plan.tenant) as connection, connection.cursor() as cursor:
        await cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('indexing ' || %s, 0))", [plan.tenant])
        if embedding_model is not None:
            await index_tables.collect_vectors(
                cursor, plan.tenant, embedding_model, chunks, vectors, only_these=only_plan
            )
        kept = await index_tables.kept(cursor, chunks)
        deleted = await index_tables.replace(cursor, plan.tenant, plan.pending, plan.deleted, chunks, plan.chunking)
        if embedding_model is not None:
            documents = [document.id for document in plan.pending] if only_plan else None
            attached = await index_tables.attach_vectors(cursor, plan.tenant, embedding_model, documents)
        if within is not None:
            await within(cursor)
    if (len(chunks) > kept or deleted) and not only_plan:
        await index_tables.analyse(pool)
    return Summary(
        documents_new=len(plan.new),
        documents_changed=len(plan.changed),
        documents_unchanged=len(plan.unchanged),
        documents_deleted=len(plan.deleted),
        chunks_written=len(chunks) - kept,
        chunks_kept=kept,
        chunks_deleted=deleted,
        embedded=len(vectors),
        embeddings_reused=max(0, attached - len(vectors)),
    )


async def stale(pool: AsyncConnectionPool, tenant: str, embedding_model: str) -> list[str]:
    """Ids of chunks whose vector of that model is missing or was made from an earlier text; `apply` redoes them."""
    async with access.indexing(pool, tenant) as connection:
        rows = await (
            await connection.execute(f"SELECT c.id {index_tables.STALE} ORDER BY c.id", [embedding_model, tenant])
        ).fetchall()
    return [chunk_id for (chunk_id,) in rows]


async def models(pool: AsyncConnectionPool, tenant: str) -> dict[str, tuple[int, int]]:
    """For each embedding model with vectors: how many chunks have a fresh one, of how many. A model is complete, and
    may be switched to, when the two are equal.
    """
    async with access.indexing(pool, tenant) as connection:
        rows = await (await connection.execute(MODELS, {"tenant": tenant})).fetchall()
    return {model: (fresh, chunks) for model, fresh, chunks in rows}


async def retire(pool: AsyncConnectionPool, tenant: str, model: str, *, serving: str | None) -> int:
    """Delete the vectors of a model that no longer serves, and return how many.

    Raises InputError for one that does, and for one that has none.
    """
    if model == serving:
        raise InputError(f"model {model!r} serves the searches: switch to another first")
    known = await models(pool, tenant)
    if model not in known:
        raise InputError(f"model {model!r} has no vectors: there are {', '.join(known) or 'none'}")
    async with access.indexing(pool, tenant) as connection:
        done = await connection.execute("DELETE FROM embeddings WHERE tenant = %s AND model = %s", [tenant, model])
        return done.rowcount


def _check(plan: Plan, chunks: Sequence[Chunk]) -> None:
    pending = {document.id: document.version for document in plan.pending}
    foreign = [c for c in chunks if c.tenant != plan.tenant or pending.get(c.document_id) != c.document_version]
    if foreign:
        raise InputError(f"chunk {foreign[0].id} of {foreign[0].document_id} is not of this plan: chunk plan.pending")
    bare = set(pending) - {c.document_id for c in chunks}
    if bare:
        raise InputError(
            f"document {min(bare)} has no chunks: chunk every document of plan.pending, leave empty ones out"
        )


async def _texts_to_embed(
    pool: AsyncConnectionPool, plan: Plan, chunks: Sequence[Chunk], model: str, *, only_plan: bool
) -> dict[str, str]:
    """Text by content hash, of chunks to be written and of stored ones, for which no vector exists."""
    texts = {c.content_hash: embedding_input(c.title, c.heading, c.text) for c in chunks}
    replaced = [*(document.id for document in plan.pending), *plan.deleted]
    async with access.indexing(pool, plan.tenant) as connection:
        statement = (
            f"SELECT c.content_hash, c.title, c.heading, c.text {index_tables.STALE} AND c.document_id <> ALL(%s)"
        )
        stored = (
            [] if only_plan else await (await connection.execute(statement, [model, plan.tenant, replaced])).fetchall()
        )
        texts.update({key: embedding_input(title, heading, text) for key, title, heading, text in stored})
        known = await (
            await connection.execute(
                "SELECT DISTINCT content_hash FROM embeddings "
                "WHERE tenant = %s AND model = %s AND content_hash = ANY(%s)",
                [plan.tenant, model, list(texts)],
            )
        ).fetchall()
    for (key,) in known:
        del texts[key]
    return texts


async def _still_there(pool: AsyncConnectionPool, tenant: str) -> None:
    async with access.indexing(pool, tenant) as connection:
        await connection.execute("SELECT 1")


async def _embed(
    embed: Embed, model: str, texts: Mapping[str, str], still_there: Callable[[], Awaitable[None]]
) -> dict[str, Sequence[float]]:
    """Vectors by content hash. `still_there` raises when the database is gone: nothing more is paid for then."""
    keys = list(texts)
    vectors: dict[str, Sequence[float]] = {}
    for start in range(0, len(keys), EMBED_BATCH):
        if start:
            await still_there()
        batch = keys[start : start + EMBED_BATCH]
        made = await embed([texts[key] for key in batch])
        if len(made) != len(batch):
            raise ProviderBrokenError(
                f"model {model!r} gave {len(made)} vectors for {len(batch)} texts: check its provider"
            )
        vectors.update(zip(batch, made, strict=True))
    if len({len(vector) for vector in vectors.values()}) > 1:
        raise ProviderBrokenError(f"model {model!r} gave vectors of different lengths: check its provider")
    if not all(math.isfinite(value) for vector in vectors.values() for value in vector):
        raise ProviderBrokenError(f"model {model!r} gave a vector that is not finite: check its provider")
    return vectors
