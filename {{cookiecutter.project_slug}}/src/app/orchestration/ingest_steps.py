"""The steps that bring the corpus into the index, a data gate after each: nothing is written before both are green.

`load_documents` reads, gate `documents` checks, `chunk_documents` cuts what is new or changed, gate `chunks` checks,
`index_chunks` writes that in one transaction. Between steps the texts lie in JSON files below `build/pipeline/`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from app.data import chunking, indexing
from app.data.chunking import Chunk
from app.data.documents import Corpus, load
from app.data.indexing import Summary
from app.data.quality import run_gate
from app.orchestration.step import StepContext, StepFunction, as_json, from_json

SUITES = "data_gates"
PROGRESS_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class LoadedDocuments:
    """The corpus as it was read: `file` holds it as JSON (a Corpus), from the project root."""

    file: str
    documents: int
    refused: int


@dataclass(frozen=True, slots=True)
class CutChunks:
    """The chunks of `pending` documents: `file` holds them as JSON (a list of Chunk), from the project root."""

    file: str
    chunks: int
    pending: int


@dataclass(frozen=True, slots=True)
class PassedGate:
    """A green gate. `report` is its page, from the project root."""

    gate: str
    rows: int
    expectations: int
    warnings: list[str]
    report: str


@dataclass(frozen=True, slots=True)
class IndexedChunks(Summary):
    """What was written. `embedding_model` is None without vectors."""

    embedding_model: str | None


async def load_documents(context: StepContext) -> LoadedDocuments:
    """Read the corpus folder, naming each file that is left out and each rule that closes nothing."""
    settings = context.settings
    retrieval = settings.retrieval
    corpus = await asyncio.to_thread(
        load,
        settings.root / retrieval.corpus,
        context.caller.tenant,
        max_bytes=round(retrieval.max_file_mb * 1_000_000),
    )
    for remark in corpus.remarks():
        context.say(remark)
    file = _write(context, "corpus.json", as_json(Corpus, corpus))
    return LoadedDocuments(file, len(corpus.documents), len(corpus.refused))


async def gate_documents(context: StepContext, loaded: LoadedDocuments) -> PassedGate:
    """Check the documents. Raises GateFailedError naming the rows."""
    corpus: Corpus = from_json(Corpus, _read(context, loaded.file))
    return await _gate(context, "documents", corpus.rows())


async def chunk_documents(context: StepContext, loaded: LoadedDocuments) -> CutChunks:
    """Cut every document that is new or changed along its structure."""
    corpus: Corpus = from_json(Corpus, _read(context, loaded.file))
    retrieval = context.settings.retrieval
    plan = await indexing.plan(context.pool, context.caller.tenant, corpus.documents, retrieval)
    chunks: list[Chunk] = []
    for number, document in enumerate(plan.pending, start=1):
        chunks += await asyncio.to_thread(chunking.chunk, document, retrieval)
        if number % PROGRESS_EVERY == 0:
            context.say(f"cut {number} of {len(plan.pending)} documents into {len(chunks)} chunks")
    return CutChunks(_write(context, "chunks.json", as_json(list[Chunk], chunks)), len(chunks), len(plan.pending))


async def gate_chunks(context: StepContext, cut: CutChunks) -> PassedGate:
    """Check the chunks. Raises GateFailedError naming the rows. Green when no document has changed."""
    chunks: list[Chunk] = from_json(list[Chunk], _read(context, cut.file))
    if not cut.pending:
        return PassedGate("chunks", 0, 0, [], "")
    return await _gate(context, "chunks", chunking.rows(chunks))


async def index_chunks(context: StepContext, loaded: LoadedDocuments, cut: CutChunks) -> IndexedChunks:
    """Write what is new or changed, with vectors where the provider serves embeddings; all or nothing."""
    corpus: Corpus = from_json(Corpus, _read(context, loaded.file))
    chunks: list[Chunk] = from_json(list[Chunk], _read(context, cut.file))
    tenant, retrieval = context.caller.tenant, context.settings.retrieval
    with_text = {one.document_id for one in chunks}
    bare = {d.id for d in (await indexing.plan(context.pool, tenant, corpus.documents, retrieval)).pending} - with_text
    documents = [document for document in corpus.documents if document.id not in bare]
    plan = await indexing.plan(context.pool, tenant, documents, retrieval)
    pending = {document.id for document in plan.pending}
    model = context.settings.retrieval.embedding_model
    served = context.settings.models.get(model, {}).get(context.settings.provider, ())

    async def embed(texts: Sequence[str]) -> Sequence[Sequence[float]]:
        return (await context.gateway.embed(texts, context.caller, model=model)).vectors

    summary = await indexing.apply(
        context.pool,
        plan,
        [one for one in chunks if one.document_id in pending],
        embed=embed if served else None,
        embedding_model=served[0].id if served else None,
    )
    return IndexedChunks(**asdict(summary), embedding_model=served[0].id if served else None)


STEPS: Mapping[str, StepFunction] = {
    "load_documents": load_documents,
    "chunk_documents": chunk_documents,
    "index_chunks": index_chunks,
}
GATES: Mapping[str, StepFunction] = {"documents": gate_documents, "chunks": gate_chunks}


async def _gate(context: StepContext, name: str, rows: Sequence[Mapping[str, Any]]) -> PassedGate:
    root = context.settings.root
    report = await asyncio.to_thread(
        run_gate, name, rows, gates_dir=root / SUITES, report_dir=context.settings.build_dir / SUITES
    )
    report.raise_if_failed()
    page = report.report.relative_to(root).as_posix() if report.report else ""
    return PassedGate(name, report.rows, report.expectations, list(report.warnings), page)


def _write(context: StepContext, name: str, value: Any) -> str:
    file = context.folder / name
    file.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return file.relative_to(context.settings.root).as_posix()


def _read(context: StepContext, file: str) -> Any:
    return json.loads(Path(context.settings.root / file).read_text(encoding="utf-8"))
