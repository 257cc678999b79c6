"""The statements that write the index: documents, chunks, word counts and vectors. Used by indexing alone.

All run on the cursor of the caller's one transaction. Nothing here decides what is to be written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache

from psycopg import AsyncCursor
from psycopg_pool import AsyncConnectionPool

from app.data.chunking import Chunk
from app.data.documents import Document

STALE = """
    FROM chunks c LEFT JOIN embeddings e ON e.chunk_id = c.id AND e.model = %s
    WHERE c.tenant = %s AND e.content_hash IS DISTINCT FROM c.content_hash
"""
KNOWN_VECTORS = """
    INSERT INTO fresh SELECT DISTINCT ON (content_hash) content_hash, embedding FROM embeddings
    WHERE tenant = %s AND model = %s AND content_hash = ANY(%s)
"""
STALE_VECTORS = f"""
    INSERT INTO fresh SELECT DISTINCT ON (content_hash) content_hash, embedding FROM embeddings
    WHERE tenant = %s AND model = %s AND content_hash IN (SELECT c.content_hash {STALE}) ON CONFLICT DO NOTHING
"""  # noqa: S608


async def collect_vectors(
    cursor: AsyncCursor,
    tenant: str,
    model: str,
    chunks: Sequence[Chunk],
    vectors: Mapping[str, Sequence[float]],
    *,
    only_these: bool,
) -> None:
    """Every vector this run may need, by content hash: new ones, and stored ones before their chunks go.

    `only_these` looks at the chunks that are given and at no stale one of other documents.
    """
    await cursor.execute(
        "CREATE TEMPORARY TABLE fresh (content_hash text PRIMARY KEY, embedding public.vector) ON COMMIT DROP"
    )
    await cursor.execute(KNOWN_VECTORS, [tenant, model, [c.content_hash for c in chunks]])
    if not only_these:
        await cursor.execute(STALE_VECTORS, [tenant, model, model, tenant])
    known = await (await cursor.execute("SELECT content_hash FROM fresh")).fetchall()
    stored = {key for (key,) in known}
    async with cursor.copy("COPY fresh FROM STDIN") as copy:
        for key, vector in vectors.items():
            if key not in stored:
                await copy.write_row((key, vector_literal(vector)))


def vector_literal(vector: Sequence[float]) -> str:
    """A vector as pgvector reads it. Nine digits tell every number it can keep from its neighbours."""
    return _form(len(vector)) % tuple(vector)


@lru_cache(maxsize=16)
def _form(dimensions: int) -> str:
    return f"[{','.join(['%.9g'] * dimensions)}]"


async def kept(cursor: AsyncCursor, chunks: Sequence[Chunk]) -> int:
    """How many of the chunks are stored already with the same content."""
    await cursor.execute(
        "SELECT count(*) FROM chunks JOIN unnest(%s::text[], %s::text[]) AS given (id, content_hash) "
        "USING (id, content_hash)",
        [[c.id for c in chunks], [c.content_hash for c in chunks]],
    )
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def replace(
    cursor: AsyncCursor,
    tenant: str,
    documents: Sequence[Document],
    deleted: Sequence[str],
    chunks: Sequence[Chunk],
    chunking: str,
) -> int:
    """Write documents and chunks, remove what they replace, keep the word counts in step. Returns chunks removed."""
    pending = [document.id for document in documents]
    await _count_words(cursor, tenant, [*pending, *deleted], sign=-1)
    await cursor.execute(
        "DELETE FROM chunks WHERE tenant = %s AND (document_id = ANY(%s) OR document_id = ANY(%s) AND id <> ALL(%s))",
        [tenant, list(deleted), pending, [c.id for c in chunks]],
    )
    removed = cursor.rowcount
    await cursor.execute("DELETE FROM documents WHERE tenant = %s AND id = ANY(%s)", [tenant, list(deleted)])
    await _write(cursor, "documents", DOCUMENT, DOCUMENT_CHANGES, [_document_row(one, chunking) for one in documents])
    await _write(cursor, "chunks", CHUNK, CHUNK_CHANGES, [_chunk_row(one) for one in chunks])
    await _count_words(cursor, tenant, pending, sign=1)
    return removed


async def _write(
    cursor: AsyncCursor, table: str, columns: str, changes: str, rows: Sequence[tuple[object, ...]]
) -> None:
    """Insert or update rows in bulk: copied into a temporary table, then taken over in one statement."""
    await cursor.execute(
        f"CREATE TEMPORARY TABLE new_{table} ON COMMIT DROP AS SELECT {columns} FROM {table} LIMIT 0".encode()  # noqa: S608
    )
    async with cursor.copy(f"COPY new_{table} FROM STDIN".encode()) as copy:
        for row in rows:
            await copy.write_row(row)
    await cursor.execute(
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM new_{table} ON CONFLICT {changes}".encode()  # noqa: S608
    )


async def _count_words(cursor: AsyncCursor, tenant: str, documents: Sequence[str], sign: int) -> None:
    """Add or take away the words of all chunks of some documents."""
    await cursor.execute(COUNT_WORDS, {"tenant": tenant, "documents": list(documents), "sign": sign})
    if sign < 0:
        await cursor.execute("DELETE FROM words WHERE tenant = %s AND chunks <= 0", [tenant])


async def attach_vectors(cursor: AsyncCursor, tenant: str, model: str, documents: Sequence[str] | None = None) -> int:
    """Give every stale or bare chunk of the tenant, or of some documents, its vector, as far as there is one."""
    given = None if documents is None else list(documents)
    await cursor.execute(ATTACH_VECTORS, {"tenant": tenant, "model": model, "documents": given})
    return cursor.rowcount


async def analyse(pool: AsyncConnectionPool) -> None:
    """Tell the planner at once: with the figures of an empty table a search takes ten times as long."""
    async with pool.connection() as connection:
        for table in ("documents", "chunks", "embeddings", "words", "sketches"):
            await connection.execute(f"ANALYZE {table}")


def _document_row(document: Document, chunking: str) -> tuple[object, ...]:
    # What file or rule say of groups is kept beside those that hold, which `app data permit` changes.
    said = {} if document.groups is None else {"groups": sorted(document.groups)}
    metadata = json.dumps(dict(document.metadata) | said, ensure_ascii=False)
    return (
        *(document.tenant, document.id, document.title, document.version, document.language),
        *(list(document.groups or ()), metadata, chunking),
    )


def _chunk_row(chunk: Chunk) -> tuple[object, ...]:
    return (
        *(chunk.id, chunk.tenant, chunk.document_id, chunk.document_version, chunk.ordinal, chunk.title),
        *(list(chunk.heading), chunk.text, chunk.tokens, chunk.language, chunk.content_hash, chunk.chunker_version),
        f"[{chunk.span[0]},{chunk.span[1]})" if chunk.span else None,
    )


DOCUMENT = "tenant, id, title, version, language, groups, metadata, chunking"
# Groups change when the file says other groups than it did. Else those that hold stay, whoever set them: a new edition
# or another way of cutting must not open what was closed.
DOCUMENT_CHANGES = """
    (tenant, id) DO UPDATE SET
        (title, version, language, groups, metadata, chunking, ingested_at)
        = (excluded.title, excluded.version, excluded.language,
           CASE WHEN documents.version = excluded.version OR NOT excluded.metadata ? 'groups'
                OR excluded.metadata->'groups' = documents.metadata->'groups'
                THEN documents.groups ELSE excluded.groups END,
           excluded.metadata || CASE WHEN documents.metadata ? 'permitted'
               THEN jsonb_build_object('permitted', documents.metadata->'permitted') ELSE '{}' END,
           excluded.chunking, now())
"""
CHUNK = (
    "id, tenant, document_id, document_version, ordinal, title, heading, text, tokens, language, content_hash, "
    "chunker_version, span"
)
CHUNK_CHANGES = """
    (id) DO UPDATE SET
        (document_version, ordinal, title, heading, text, tokens, language, content_hash, span, created_at)
        = (excluded.document_version, excluded.ordinal, excluded.title, excluded.heading, excluded.text,
           excluded.tokens, excluded.language, excluded.content_hash, excluded.span,
           CASE WHEN chunks.content_hash = excluded.content_hash THEN chunks.created_at ELSE now() END)
"""
COUNT_WORDS = """
    INSERT INTO words (tenant, language, word, chunks)
    SELECT %(tenant)s, language, word, %(sign)s * count(*)
    FROM chunks, LATERAL (SELECT lexeme FROM unnest(words) UNION ALL SELECT '') AS found (word)
    WHERE tenant = %(tenant)s AND document_id = ANY(%(documents)s)
    GROUP BY language, word
    ON CONFLICT (tenant, language, word) DO UPDATE SET chunks = words.chunks + excluded.chunks
"""
ATTACH_VECTORS = """
    INSERT INTO embeddings (chunk_id, model, tenant, document_id, dimensions, content_hash, embedding)
    SELECT c.id, %(model)s, c.tenant, c.document_id, public.vector_dims(fresh.embedding), c.content_hash,
           fresh.embedding
    FROM chunks c JOIN fresh USING (content_hash)
    LEFT JOIN embeddings e ON e.chunk_id = c.id AND e.model = %(model)s
    WHERE c.tenant = %(tenant)s AND e.content_hash IS DISTINCT FROM c.content_hash
        AND (%(documents)s::text[] IS NULL OR c.document_id = ANY(%(documents)s::text[]))
    ON CONFLICT (chunk_id, model) DO UPDATE SET
        (dimensions, content_hash, embedding, created_at)
        = (excluded.dimensions, excluded.content_hash, excluded.embedding, now())
"""
