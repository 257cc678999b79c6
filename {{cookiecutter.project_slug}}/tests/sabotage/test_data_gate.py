"""A gate that has never been red is no gate: dirty data of every kind, and what the data gates say to it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from app.data import access, chunking, documents, indexing, quality, samples
from app.data.chunking import Chunk
from app.data.documents import Corpus
from app.errors import GateFailedError
from app.settings import Retrieval

pytestmark = pytest.mark.slow

SETTINGS = Retrieval()


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    """A corpus with one good document, an empty one, a picture and a huge one."""
    (tmp_path / "good.md").write_text("# Good\n\nThis is a document in which all is well and as it should be.")
    (tmp_path / "empty.md").write_text("\n \n")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0")
    (tmp_path / "huge.md").write_text("# Huge\n\n" + "All work and no play. " * 40_000)
    return tmp_path


def good_chunks(folder: Path) -> list[Chunk]:
    document = documents.read("good.md", (folder / "good.md").read_bytes())
    return chunking.chunk(document, SETTINGS)


@pytest.mark.feature("D6")
def test_dirty_documents_turn_the_documents_gate_red(dirty: Path, project_root: Path) -> None:
    """The empty, the foreign and the huge file are named; the good one is not."""
    report = quality.run_gate("documents", documents.load(dirty).rows(), gates_dir=project_root / "data_gates")

    named = {line.split(":")[0] for line in report.failures}
    assert named == {"empty.md", "logo.png", "huge.md"}


def test_a_binary_file_under_a_text_name_turns_the_documents_gate_red(dirty: Path, project_root: Path) -> None:
    """The gate names the file, the reason and the remedy."""
    (dirty / "export.md").write_bytes(b"PK\x03\x04\0\0")

    report = quality.run_gate("documents", documents.load(dirty).rows(), gates_dir=project_root / "data_gates")

    line = next(line for line in report.failures if line.startswith("export.md"))
    assert "export.md is not a text file" in line


@pytest.mark.feature("D6")
@pytest.mark.parametrize(
    ("change", "line"),
    [
        pytest.param({}, "must be the only one with this id", id="duplicate id"),
        pytest.param({"id": "x", "text": " "}, "x: characters: must hold text, found 0", id="no text"),
        pytest.param({"id": "x", "tokens": 5000}, "x: tokens: must not exceed 1000 tokens, found 5000", id="oversized"),
        pytest.param({"id": None}, "must have an id", id="no id"),
        pytest.param({"id": "x", "document_id": None}, "x: document_id: must belong to a document", id="orphan"),
    ],
)
def test_dirty_chunks_turn_the_chunks_gate_red(
    dirty: Path, project_root: Path, change: dict[str, object], line: str
) -> None:
    """Each kind of dirt, alone among good chunks, is found and named."""
    chunks = good_chunks(dirty)
    chunks.append(dataclasses.replace(chunks[0], **change))  # type: ignore[arg-type]

    report = quality.run_gate("chunks", chunking.rows(chunks), gates_dir=project_root / "data_gates")

    assert not report.success
    assert any(line in failure for failure in report.failures)


@pytest.mark.feature("D6")
@pytest.mark.parametrize(
    ("change", "line"),
    [
        pytest.param({"id": "1"}, "1: id: must be the only one with this id", id="duplicate id"),
        pytest.param({"input": ""}, "bad: input: must have an input", id="empty input"),
        pytest.param({"label": "spam"}, "bad: label: must have a known label, found 'spam'", id="unknown label"),
        pytest.param({"slice": "odd"}, "bad: slice: must have a known slice, found 'odd'", id="unknown slice"),
        pytest.param({"expectations": 0}, "bad: expectations: must say what is expected", id="nothing expected"),
    ],
)
def test_dirty_cases_turn_the_cases_gate_red(project_root: Path, change: dict[str, object], line: str) -> None:
    """Each kind of dirt, alone among good cases, is found and named."""
    good = {"label": "billing", "expectations": 1, "slice": "common"}
    cases = [{"id": str(n), "input": f"question {n}", **good} for n in range(80)]
    cases.append({"id": "bad", "input": "bad", **good, **change})

    report = quality.run_gate("cases", cases, gates_dir=project_root / "data_gates")

    assert any(failure.startswith(line) for failure in report.failures)


def test_too_few_cases_are_red(project_root: Path) -> None:
    """Three cases are no basis for a score."""
    cases = [{"id": n, "input": str(n), "label": "other", "expectations": 1, "slice": "edge"} for n in range(3)]

    report = quality.run_gate("cases", cases, gates_dir=project_root / "data_gates")

    assert report.failures == ("all rows: table: must be at least 60 cases, found 3",)


CALL = """
    INSERT INTO calls (id, at, trace_id, span_id, tenant, user_id, role, task, identity, model, provider, deployment,
        status, degraded, cached, stream, input, output, input_tokens, output_tokens, cached_input_tokens,
        usage_estimated, cost_usd, latency_ms)
    SELECT gen_random_uuid(), now() - make_interval(mins => n), 't', 's', 'default', 'u', 'user', 'answer', 'i', 'm',
        'p', 'd', CASE WHEN n <= %(failed)s THEN 'failed' ELSE 'ok' END, n <= %(degraded)s, false, false, '{}', 'text',
        10, 5, 0, false, 0.001, %(latency_ms)s
    FROM generate_series(1, 100) AS n
"""


@pytest.mark.feature("D6")
@pytest.mark.parametrize(
    ("production", "column"),
    [
        pytest.param({}, None, id="healthy"),
        pytest.param({"failed": 20}, "status", id="many failures"),
        pytest.param({"degraded": 30}, "degraded", id="fallbacks"),
        pytest.param({"latency_ms": 15_000}, "latency_ms", id="slow"),
    ],
)
async def test_a_shift_in_production_turns_the_calls_gate_red(
    pool: AsyncConnectionPool, project_root: Path, production: dict[str, int], column: str | None
) -> None:
    """A sample of a day of calls is green while healthy, and names the column that has shifted."""
    async with pool.connection() as connection:
        await connection.execute(CALL, {"failed": 2, "degraded": 3, "latency_ms": 900, **production})

    report = quality.run_gate("calls", await samples.call_rows(pool, "default"), gates_dir=project_root / "data_gates")

    assert report.rows == 100
    assert {line.split(": ")[1] for line in report.failures} == ({column} if column else set())


@pytest.mark.feature("D6")
async def test_a_red_gate_leaves_the_index_as_it_was(
    dirty: Path, project_root: Path, pool: AsyncConnectionPool
) -> None:
    """Load, gate, chunk, gate, write: the pipeline stops at the gate and not a row is there."""

    async def pipeline(corpus: Corpus) -> None:
        gate = quality.run_gate("documents", corpus.rows(), gates_dir=project_root / "data_gates")
        gate.raise_if_failed()
        plan = await indexing.plan(pool, "default", corpus.documents, SETTINGS)
        await indexing.apply(pool, plan, [c for d in plan.pending for c in chunking.chunk(d, SETTINGS)])

    with pytest.raises(GateFailedError, match=r"empty\.md"):
        await pipeline(documents.load(dirty))

    async with access.indexing(pool, "default") as connection:
        row = await (await connection.execute("SELECT count(*) FROM documents")).fetchone()
    assert row == (0,)
