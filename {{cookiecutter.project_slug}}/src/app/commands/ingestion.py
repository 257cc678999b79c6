"""`app data enqueue` and `app data work`: an ingestion that any number of processes share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
from psycopg_pool import AsyncConnectionPool

from app import bootstrap
from app.caller import Caller
from app.commands.at_database import with_pool
from app.data import chunking, documents, indexing, ingest_queue
from app.data.chunking import Chunk
from app.data.indexing import Plan
from app.data.quality import run_gate
from app.errors import GateFailedError
from app.intelligence.messages import Embeddings

SUITES = "data_gates"


def enqueue(root: Path, tenant: str) -> None:
    """Put what is new or changed in the corpus on the queue, once its gate is green, and delete what is gone."""
    loaded = bootstrap.operating_settings(root)
    url = bootstrap.prepare_database(loaded)
    retrieval = loaded.retrieval
    corpus = documents.load(root / retrieval.corpus, tenant, max_bytes=round(retrieval.max_file_mb * 1_000_000))
    for remark in corpus.remarks():
        click.echo(remark)
    reports = loaded.build_dir / SUITES
    run_gate("documents", corpus.rows(), gates_dir=root / SUITES, report_dir=reports).raise_if_failed()

    async def put(pool: AsyncConnectionPool) -> tuple[Plan, ingest_queue.Waiting]:
        plan = await indexing.plan(pool, tenant, list(corpus.documents), retrieval)
        await ingest_queue.fill(pool, plan)
        return plan, await ingest_queue.waiting(pool, tenant)

    plan, waiting = with_pool(url, put)
    gone = f", {len(plan.deleted)} deleted" if plan.deleted else ""
    next_step = ": start `app data work` as often as there are cores" if waiting.ready else ""
    click.echo(f"{len(plan.pending)} put on the queue, {waiting.ready} wait{gone}{next_step}")


def work(root: Path, tenant: str, lease_s: float) -> None:
    """Take documents off the queue until it is empty. Raises GateFailedError naming those that were given up."""
    loaded = bootstrap.settings(root)
    url = bootstrap.prepare_database(loaded)
    model = loaded.retrieval.embedding_model
    served = loaded.models.get(model, {}).get(loaded.provider, ())
    caller = Caller(tenant=tenant, user="pipeline", role="pipeline")

    def check(chunks: Sequence[Chunk]) -> None:
        run_gate("chunks", chunking.rows(chunks), gates_dir=root / SUITES, report_dir=None).raise_if_failed()

    async def run() -> tuple[ingest_queue.Done, ingest_queue.Waiting]:
        async with bootstrap.open_services(loaded, url) as services:

            async def embed(texts: Sequence[str]) -> Sequence[Sequence[float]]:
                embeddings: Embeddings = await services.gateway.embed(texts, caller, model=model)
                return embeddings.vectors

            done = await ingest_queue.work(
                services.pool,
                tenant,
                loaded.retrieval,
                embed=embed if served else None,
                embedding_model=served[0].id if served else None,
                check=check,
                lease_s=lease_s,
            )
            return done, await ingest_queue.waiting(services.pool, tenant)

    done, waiting = asyncio.run(run())
    click.echo(f"{done.documents} documents, {done.chunks} chunks written" + ("" if served else "; full text only"))
    if waiting.failed:
        raise GateFailedError(
            f"{len(waiting.failed)} documents were given up after {ingest_queue.ATTEMPTS} attempts",
            [f"{document}: {reason}" for document, reason in waiting.failed.items()],
        )
