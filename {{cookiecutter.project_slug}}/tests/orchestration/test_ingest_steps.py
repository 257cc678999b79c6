"""The shipped ingest pipeline, gates included, on a small corpus."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from app.caller import Caller
from app.data.store import open_pool
from app.errors import GateFailedError
from app.intelligence.messages import Embeddings, Usage
from app.orchestration.ingest_steps import GATES, STEPS
from app.orchestration.pipeline import PipelineResult, run_pipeline
from app.orchestration.pipeline_file import read_pipeline
from app.orchestration.step import Door, StepContext
from tests.orchestration.sample_pipeline import settings_at

INGEST = """
name: ingest
steps:
  - {name: load_documents, run: load_documents}
  - {name: gate_documents, gate: documents}
  - {name: chunk_documents, run: chunk_documents}
  - {name: gate_chunks, gate: chunks}
  - {name: index_chunks, run: index_chunks}
"""
SENTENCE = "Refunds are paid back to the card that was used within fourteen days of the purchase. "


class CountingEmbedder:
    """One vector a text; counts the texts."""

    def __init__(self) -> None:
        self.texts = 0

    async def embed(self, texts: Sequence[str], caller: Caller, *, model: str = "embedding") -> Embeddings:
        self.texts += len(texts)
        return Embeddings([[1.0, float(len(text))] for text in texts], model, Usage())


@pytest.fixture
def ingest(root: Path, project_root: Path, service_url: str) -> Callable[[], tuple[PipelineResult, CountingEmbedder]]:
    """Run the ingest steps over `root/corpus`, which holds two documents."""
    shutil.copytree(project_root / "data_gates", root / "data_gates")
    (root / "notebooks" / "pipeline.yaml").write_text(INGEST)
    for name in ("refunds", "plans"):
        (root / "corpus").mkdir(exist_ok=True)
        (root / "corpus" / f"{name}.md").write_text(f"# About {name}\n\n## Window\n\n{SENTENCE * 6}\n")
    settings = settings_at(root)

    def run() -> tuple[PipelineResult, CountingEmbedder]:
        embedder = CountingEmbedder()

        @asynccontextmanager
        async def context() -> AsyncIterator[StepContext]:
            pool = await open_pool(service_url, max_size=2)
            yield StepContext(settings, pool, embedder, Caller(), Door("", ""), {}, root, print)
            await pool.close()

        result = run_pipeline(
            read_pipeline(root / "notebooks" / "pipeline.yaml"),
            settings,
            database_url=service_url,
            open_context=context,
            steps=STEPS,
            gates=GATES,
            prompt_versions={},
            say=lambda line: None,
        )
        return result, embedder

    return run


def _documents(url: str) -> list[tuple[str]]:
    with psycopg.connect(url) as connection:
        connection.execute("select set_config('app.tenant', 'default', true), set_config('app.indexing', 'on', true)")
        return connection.execute("select id from app.documents order by id").fetchall()


@pytest.mark.slow
def test_a_dirty_corpus_stops_before_anything_is_written(
    ingest: Callable[[], tuple[PipelineResult, CountingEmbedder]], root: Path, database_url: str
) -> None:
    """The gate names the document and the index stays empty; once mended all is indexed, and later only changes."""
    (root / "corpus" / "empty.md").write_text("")
    red, _ = ingest()
    written_when_red = _documents(database_url)
    (root / "corpus" / "empty.md").unlink()

    green, embedder = ingest()
    (root / "corpus" / "plans.md").write_text(f"# About plans\n\n## Window\n\n{SENTENCE * 5}Plans change.\n")
    changed, embedder_of_change = ingest()

    assert isinstance(red.failure, GateFailedError)
    assert "empty.md" in str(red.failure)
    assert written_when_red == []
    assert green.failure is None
    assert _documents(database_url) == [("plans.md",), ("refunds.md",)]
    assert green.steps[-1].detail["documents_new"] == 2
    assert embedder.texts == green.steps[-1].detail["embedded"] > 0
    assert (changed.steps[-1].detail["documents_changed"], changed.steps[-1].detail["documents_unchanged"]) == (1, 1)
    assert 0 < embedder_of_change.texts < embedder.texts
