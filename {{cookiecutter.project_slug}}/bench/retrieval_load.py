"""Writing a made corpus into the tables in bulk, so that a million chunks take minutes.

What ingestion leaves to triggers and indexes row by row is done once at the end: rows are copied with the triggers off
and the secondary indexes away, vectors as binary blocks, then sketches, counts and indexes are made over everything.
The result is what ingestion would have written; `app.data.examination` has to find nothing severe in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy
import psycopg

from app.data import examination, vector_index
from app.data.chunking import chunking_identity
from app.settings import Retrieval
from bench.retrieval_corpus import BLOCK

MODEL = "bench"
TABLES = ("documents", "chunks", "embeddings", "sketches", "words", "reader_counts")
SECONDARY = """
    SELECT c.relname, pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = ANY (ARRAY['app.chunks', 'app.embeddings', 'app.sketches']::regclass[])
        AND NOT EXISTS (SELECT FROM pg_constraint o WHERE o.conindid = c.oid)
"""
WORDS = """
    INSERT INTO words SELECT tenant, language, word, count(*) FROM chunks,
        LATERAL (SELECT lexeme FROM unnest(words) UNION ALL SELECT '') AS f (word) GROUP BY 1, 2, 3
"""
VECTORS = """
    INSERT INTO embeddings (chunk_id, model, tenant, document_id, dimensions, content_hash, embedding, readers)
    SELECT 'c' || l.number, %s, d.tenant, d.id, vector_dims(l.embedding), 'h' || l.number, l.embedding, d.readers
    FROM loaded l JOIN documents d ON d.id = 'd' || l.number / %s
"""


class Rows(Protocol):
    """What is written: tenant and groups by document, of which each has `per_document` chunks; texts and vectors."""

    tenant: list[str]
    groups: list[list[str]]
    per_document: int

    def __len__(self) -> int: ...
    def texts(self) -> Iterator[str]: ...
    def block(self, start: int, end: int) -> Any: ...


def fill(url: str, corpus: Rows, *, half: bool) -> dict[str, float]:
    """Write it and build every index; seconds of each part. `url` is the owner's."""
    took: dict[str, float] = {}
    memory = _memory(len(corpus))
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in {"search_path": "app, public", "maintenance_work_mem": memory, "work_mem": "256MB"}.items():
            connection.execute("SELECT set_config(%s, %s, false)", [name, value])
        with _timed(took, "text"), _bulk(connection):
            _write_texts(connection, corpus)
        with _timed(took, "vectors"), _bulk(connection):
            _write_vectors(connection, corpus)
        with _timed(took, "sketches"):
            vector_index.sketch(connection, vector_index.cells_due(connection))
        with _timed(took, "secondary indexes"):
            for _, definition in connection.execute("SELECT * FROM dropped").fetchall():
                connection.execute(definition)
        with _timed(took, "statistics"):
            connection.execute("VACUUM ANALYZE")
        settings = Retrieval(half_precision=half)
        with _timed(took, "vector indexes"):
            for wanted in vector_index.wanted(connection, settings):
                vector_index.build(connection, wanted, memory=memory)
        if severe := [found.what for found in examination.examine(connection, settings) if found.severe]:
            raise SystemExit(f"the corpus is not as ingestion would have written it: {'; '.join(severe)}")
    return took


def build_floor(url: str, dimensions: int, *, half: bool) -> float:
    """A table of ids and vectors alone, with the index of the server's vector extension; seconds it took."""
    kind, started = "halfvec" if half else "vector", time.perf_counter()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path = app, public")
        rows = f"SELECT chunk_id AS id, embedding::{kind}({dimensions}) AS embedding FROM embeddings"
        (count,) = connection.execute("SELECT count(*) FROM embeddings").fetchone() or (0,)
        connection.execute("SELECT set_config('maintenance_work_mem', %s, false)", [_memory(count)])
        with connection.transaction():
            connection.execute(f"CREATE TABLE floor AS {rows}")
            connection.execute(f"CREATE INDEX ON floor USING hnsw (embedding {kind}_cosine_ops)")
        connection.execute("VACUUM ANALYZE floor")
    return time.perf_counter() - started


def _memory(chunks: int) -> str:
    return f"{max(512, chunks * 3 // 1_000)}MB"


@contextmanager
def _bulk(connection: psycopg.Connection) -> Iterator[None]:
    """One transaction without triggers; secondary indexes go the first time and are remembered in `dropped`."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        if connection.execute("SELECT to_regclass('dropped')").fetchone() == (None,):
            connection.execute(f"CREATE TEMPORARY TABLE dropped AS {SECONDARY}")
            for (name,) in connection.execute("SELECT relname FROM dropped").fetchall():
                connection.execute(f"DROP INDEX {name}")
            # Emptied in the transaction that fills them: nothing of it goes into the write-ahead log.
            connection.execute(f"TRUNCATE {', '.join(TABLES)}")
        yield


def _write_texts(connection: psycopg.Connection, corpus: Rows) -> None:
    chunking = chunking_identity(Retrieval())
    with connection.cursor() as cursor:
        with cursor.copy("COPY documents (tenant, id, title, version, language, groups, chunking) FROM STDIN") as copy:
            for number, tenant in enumerate(corpus.tenant):
                copy.write_row([tenant, f"d{number}", f"D{number}", "1", "english", corpus.groups[number], chunking])
        keys = [
            [f"{t}\x1f{name}" for name in names or [""]] for t, names in zip(corpus.tenant, corpus.groups, strict=True)
        ]
        with cursor.copy(
            "COPY chunks (id, tenant, document_id, document_version, ordinal, title, text, tokens, language, "
            "content_hash, chunker_version, readers) FROM STDIN"
        ) as copy:
            for number, text in enumerate(corpus.texts()):
                document, place = divmod(number, corpus.per_document)
                copy.write_row(
                    [f"c{number}", corpus.tenant[document], f"d{document}", "1", place, "D", text, 120, "english",
                     f"h{number}", "1", keys[document]]
                )  # fmt: skip
        cursor.execute(WORDS)
        cursor.execute(
            "INSERT INTO reader_counts SELECT tenant, r, count(*) FROM chunks, unnest(readers) r GROUP BY 1, 2"
        )


def _write_vectors(connection: psycopg.Connection, corpus: Rows) -> None:
    """As binary rows of a number and a vector, each block one array; the tables' own columns are joined to them."""
    connection.execute("CREATE TEMPORARY TABLE loaded (number integer, embedding vector)")
    dimensions = corpus.block(0, 1).shape[1]
    row = numpy.dtype(
        [("fields", ">i2"), ("number_bytes", ">i4"), ("number", ">i4"), ("bytes", ">i4"), ("dimensions", ">i2"),
         ("unused", ">i2"), ("vector", ">f4", (dimensions,))]
    )  # fmt: skip
    with connection.cursor() as cursor:
        with cursor.copy("COPY loaded FROM STDIN (FORMAT binary)") as copy:
            copy.write(b"PGCOPY\n\xff\r\n\0" + bytes(8))
            for start in range(0, len(corpus), BLOCK):
                block: Any = numpy.zeros(min(BLOCK, len(corpus) - start), dtype=row)
                block["fields"], block["number_bytes"], block["bytes"] = 2, 4, 4 + 4 * dimensions
                block["number"] = numpy.arange(start, start + len(block))
                block["dimensions"] = dimensions
                block["vector"] = corpus.block(start, start + len(block))
                copy.write(block.tobytes())
            copy.write(b"\xff\xff")
        connection.execute("ANALYZE documents")
        cursor.execute(VECTORS, [MODEL, corpus.per_document])
    connection.execute("DROP TABLE loaded")


@contextmanager
def _timed(took: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    took[name] = time.perf_counter() - started
    print(f"  {name}: {took[name]:.1f} s", flush=True)
