"""Documents that wait to be cut, embedded and written, and any number of workers that share them.

A worker claims some for a time. It takes them off the queue in the transaction that writes their chunks, so each is
written once: a worker that dies leaves no half, and when its time is over another one has its documents.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from psycopg import AsyncCursor
from psycopg_pool import AsyncConnectionPool

from app.data import access, index_tables, indexing
from app.data.chunking import Chunk, chunk
from app.data.documents import Document
from app.data.indexing import Embed, Plan
from app.errors import AppError, StoreUnavailableError
from app.settings import Retrieval

ATTEMPTS = 3
WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class Done:
    """What one worker did."""

    documents: int = 0
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is on the queue of a tenant. `failed` are given up after ATTEMPTS, by document id, with the last reason."""

    ready: int
    claimed: int
    failed: dict[str, str]


async def fill(pool: AsyncConnectionPool, plan: Plan) -> int:
    """Put the plan's new and changed documents on the queue and delete what it deletes; how many were put there.

    A document that waits already is replaced by its newer version, also when it had failed. What waits and is not the
    plan's (gone, or again as it is indexed) goes off the queue; a worker that holds it finds that it lost it.
    """
    await indexing.apply(pool, replace(plan, new=(), changed=()), [])
    async with access.indexing(pool, plan.tenant) as connection, connection.cursor() as cursor:
        await cursor.execute(
            "DELETE FROM ingest_queue WHERE tenant = %s AND document_id <> ALL(%s)",
            [plan.tenant, [document.id for document in plan.pending]],
        )
        await cursor.executemany(PUT, [_row(document, plan.chunking) for document in plan.pending])
    return len(plan.pending)


async def work(
    pool: AsyncConnectionPool,
    tenant: str,
    settings: Retrieval,
    *,
    embed: Embed | None = None,
    embedding_model: str | None = None,
    check: Callable[[Sequence[Chunk]], None] | None = None,
    batch: int = 50,
    lease_s: float = 120.0,
) -> Done:
    """Work until the queue of the tenant is empty, also of what other workers had claimed and did not finish.

    `check` sees the chunks of a batch before anything is written and may raise: the batch counts an attempt and the
    error goes on to the caller. Choose `lease_s` well above the seconds a batch takes: who outlasts it writes nothing.
    """
    done, name = Done(), secrets.token_hex(8)
    while True:
        claimed = await _claim(pool, tenant, name, batch, lease_s)
        if not claimed:
            left = await waiting(pool, tenant)
            if not left.ready and not left.claimed:
                break
            await asyncio.sleep(min(WAIT_S, lease_s / 4))
            continue
        chunks = [made for document, _ in claimed for made in chunk(document, settings)]
        empty = {document.id for document, _ in claimed} - {one.document_id for one in chunks}
        documents = tuple(document for document, _ in claimed if document.id not in empty)
        plan = Plan(tenant, claimed[0][1], (), documents, (), tuple(sorted(empty)))

        async def finish(cursor: AsyncCursor[Any], names: Sequence[str] = [d.id for d, _ in claimed]) -> None:
            await cursor.execute(FINISH, [tenant, name, list(names)])
            if cursor.rowcount != len(names):
                raise StoreUnavailableError(
                    f"{len(names) - cursor.rowcount} claimed documents were taken over by another worker: "
                    "nothing was written; give the lease more time"
                )

        try:
            if check is not None and chunks:
                check(chunks)
            await indexing.apply(
                pool, plan, chunks, embed=embed, embedding_model=embedding_model, within=finish, only_plan=True
            )
        except AppError as error:
            await _give_back(pool, tenant, name, str(error))
            raise
        done = Done(done.documents + len(claimed), done.chunks + len(chunks))
    if done.documents:
        await index_tables.analyse(pool)
    return done


async def waiting(pool: AsyncConnectionPool, tenant: str) -> Waiting:
    """What is on the queue now."""
    async with access.indexing(pool, tenant) as connection:
        counts = await (await connection.execute(COUNTS, [ATTEMPTS, ATTEMPTS, tenant])).fetchone()
        failed = await (await connection.execute(FAILED, [tenant, ATTEMPTS])).fetchall()
    ready, claimed = counts or (0, 0)
    return Waiting(int(ready), int(claimed), dict(failed))


async def _claim(
    pool: AsyncConnectionPool, tenant: str, name: str, most: int, lease_s: float
) -> list[tuple[Document, str]]:
    """Up to `most` documents, each with the chunking it was planned for; all of one chunking."""
    async with access.indexing(pool, tenant) as connection:
        rows = await (
            await connection.execute(
                CLAIM, {"tenant": tenant, "name": name, "most": most, "lease_s": lease_s, "attempts": ATTEMPTS}
            )
        ).fetchall()
    return [(_document(found), chunking) for found, chunking in rows]


async def _give_back(pool: AsyncConnectionPool, tenant: str, name: str, reason: str) -> None:
    async with access.indexing(pool, tenant) as connection:
        await connection.execute(GIVE_BACK, [reason, tenant, name])


def _row(document: Document, chunking: str) -> tuple[object, ...]:
    return document.tenant, document.id, json.dumps(asdict(document), ensure_ascii=False), chunking


def _document(found: dict[str, Any]) -> Document:
    groups = found["groups"]
    return Document(**{**found, "groups": None if groups is None else tuple(groups)})


PUT = """
    INSERT INTO ingest_queue (tenant, document_id, document, chunking) VALUES (%s, %s, %s, %s)
    ON CONFLICT (tenant, document_id) DO UPDATE SET
        (document, chunking, claimed_by, claimed_until, attempts, reason)
        = (excluded.document, excluded.chunking, NULL, NULL, 0, '')
"""
# Of the chunking that the first one has: a batch is written as one plan.
CLAIM = """
    WITH free AS (
        SELECT tenant, document_id FROM ingest_queue AS q
        WHERE tenant = %(tenant)s AND attempts < %(attempts)s AND (claimed_until IS NULL OR claimed_until < now())
            AND chunking = (SELECT chunking FROM ingest_queue WHERE tenant = %(tenant)s AND attempts < %(attempts)s
                            AND (claimed_until IS NULL OR claimed_until < now()) ORDER BY document_id LIMIT 1)
        ORDER BY document_id LIMIT %(most)s FOR UPDATE SKIP LOCKED)
    UPDATE ingest_queue AS q SET claimed_by = %(name)s, attempts = attempts + 1,
        claimed_until = now() + make_interval(secs => %(lease_s)s), reason = 'its worker did not finish'
    FROM free WHERE (q.tenant, q.document_id) = (free.tenant, free.document_id)
    RETURNING q.document, q.chunking
"""
FINISH = """
    DELETE FROM ingest_queue WHERE tenant = %s AND claimed_by = %s AND document_id = ANY(%s) AND claimed_until >= now()
"""
GIVE_BACK = """
    UPDATE ingest_queue SET claimed_by = NULL, claimed_until = NULL, reason = %s WHERE tenant = %s AND claimed_by = %s
"""
COUNTS = """
    SELECT count(*) FILTER (WHERE attempts < %s AND (claimed_until IS NULL OR claimed_until < now())),
        count(*) FILTER (WHERE claimed_until >= now() AND attempts <= %s)
    FROM ingest_queue WHERE tenant = %s
"""
FAILED = """
    SELECT document_id, reason FROM ingest_queue
    WHERE tenant = %s AND attempts >= %s AND (claimed_until IS NULL OR claimed_until < now()) ORDER BY document_id
"""
