"""A gate that has never been red is no gate: dirty data of every kind, and what the data gates say to it."""

from __future__ import annotations

import dataclasses
import json
import random
import time
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from app.data import access, chunking, documents, indexing, profile, quality, samples
from app.data.chunking import Chunk
from app.data.documents import Corpus
from app.data.leakage import Shown
from app.errors import GateFailedError, InputError
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
    assert "is not a text file" in line


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
        pytest.param({"leaked_from": "a.yml"}, "bad: leaked_from: must not stand in a prompt", id="leaked"),
        pytest.param({"days_old": -2.0}, "bad: days_old: must not be of the future", id="of the future"),
    ],
)
def test_dirty_cases_turn_the_cases_gate_red(project_root: Path, change: dict[str, object], line: str) -> None:
    """Each kind of dirt, alone among good cases, is found and named."""
    good = {"label": "billing", "expectations": 1, "slice": "common", "leaked_from": None, "days_old": 3.0}
    cases = [{"id": str(n), "input": f"question {n}", **good} for n in range(80)]
    cases.append({"id": "bad", "input": "bad", **good, **change})

    report = quality.run_gate("cases", cases, gates_dir=project_root / "data_gates")

    assert any(failure.startswith(line) for failure in report.failures)


@pytest.mark.feature("E10")
@pytest.mark.parametrize(
    ("ticket", "leaks"),
    [
        pytest.param("The app crashes when I open a quote on my phone.", True, id="an example, letter by letter"),
        pytest.param("the APP crashes, when I open a quote on my new phone", True, id="an example, changed a little"),
        pytest.param("Crashed app", True, id="a short one"),
        pytest.param("The app crashes when I print.", False, id="the same beginning"),
        pytest.param("My phone is broken, can you open the shop earlier?", False, id="something else"),
    ],
)
def test_a_case_that_the_model_is_shown_turns_the_cases_gate_red(
    tmp_path: Path, project_root: Path, ticket: str, leaks: bool
) -> None:
    """A golden case that stands among the examples of a prompt is named with the prompt."""
    prompt = (
        "Examples:\nTicket: The app crashes when I open a quote on my phone.\nLabel: technical\nTicket: Crashed app"
    )
    lines = [{"id": str(n), "inputs": {"ticket": f"question number {n} about {n * 7} invoices"}} for n in range(80)]
    lines.append({"id": "leaked", "inputs": {"ticket": ticket}})
    extra = {"expected": {"label": "technical"}, "slice": "common", "at": "2026-01-05"}
    (tmp_path / "cases.jsonl").write_text("\n".join(json.dumps({**line, **extra}) for line in lines))

    rows = quality.case_rows(tmp_path / "cases.jsonl", Shown({"classify/v2.prompt.yml": prompt}))
    report = quality.run_gate("cases", rows, gates_dir=project_root / "data_gates")

    assert [line.split(",")[0] for line in report.failures] == (
        ["leaked: leaked_from: must not stand in a prompt"] if leaks else []
    )


@pytest.mark.feature("E10")
def test_a_case_without_a_date_that_is_one_is_refused(tmp_path: Path) -> None:
    """The line says where."""
    (tmp_path / "cases.jsonl").write_text('{"id": "1", "inputs": {}, "expected": {}, "at": "next week"}')

    with pytest.raises(InputError, match=r"cases\.jsonl:1 is no case .*next week"):
        quality.case_rows(tmp_path / "cases.jsonl")


@pytest.mark.feature("D6")
def test_a_document_of_the_future_turns_the_documents_gate_red(dirty: Path, project_root: Path) -> None:
    """What says that it was reviewed tomorrow is not what it says."""
    (dirty / "future.md").write_text(
        "---\nreviewed: 2999-01-01\n---\n# Future\n\nThis is not of this world, it is for you."
    )

    report = quality.run_gate("documents", documents.load(dirty).rows(), gates_dir=project_root / "data_gates")

    assert any(line.startswith("future.md: days_old: must not be dated in the future") for line in report.failures)


@pytest.mark.feature("D6")
@pytest.mark.parametrize(("factor", "red"), [(1, False), (4, True)], ids=["as ever", "four times as long"])
def test_a_shifted_distribution_turns_the_calls_gate_red(
    tmp_path: Path, project_root: Path, factor: int, red: bool
) -> None:
    """Compared with the stored profile, not with a limit; without a profile there is a warning and no verdict."""
    gates = tmp_path / "data_gates"
    gates.mkdir()
    (gates / "calls.yml").write_text((project_root / "data_gates" / "calls.yml").read_text())
    rng = random.Random(3)

    def calls(factor: float) -> list[dict[str, object]]:
        fixed = {"status": "ok", "degraded": False, "output_characters": 9, "latency_ms": 90.0, "cost_usd": 0.1}
        fixed |= {"days_old": 0.1, "task": "answer"}
        return [
            {
                "id": str(n),
                "days_old": 0.1,
                "task": "answer",
                "input_tokens": round(rng.gauss(400, 80) * factor),
                **fixed,
            }
            for n in range(400)
        ]

    unknown = quality.run_gate("calls", calls(4), gates_dir=gates)
    profile.write(gates, "calls", quality.read_suite(gates / "calls.yml"), calls(1))
    report = quality.run_gate("calls", calls(factor), gates_dir=gates)

    assert unknown.success
    assert any("no profile to compare with" in line for line in unknown.warnings)
    assert [line.split(", found")[0] for line in report.failures] == (
        ["all rows: input_tokens: must be distributed as in the profile"] if red else []
    )


@pytest.mark.slow
@pytest.mark.feature("D6")
def test_a_hundred_thousand_rows_are_checked_within_ten_seconds(project_root: Path) -> None:
    """The chunks gate over 100,000 rows, one of them bad: named, in processor time that leaves room."""
    fixed = {"document_id": "d", "characters": 300, "tokens": 80}
    rows = [{"id": f"c{n}", "content_hash": f"h{n}", **fixed} for n in range(100_000)]
    rows[70_000]["tokens"] = 9_999

    started = time.process_time()
    report = quality.run_gate("chunks", rows, gates_dir=project_root / "data_gates")

    assert time.process_time() - started < 10
    assert report.failures == ("c70000: tokens: must not exceed 1000 tokens, found 9999",)


def test_too_few_cases_are_red(project_root: Path) -> None:
    """Three cases are no basis for a score."""
    case = {"label": "other", "expectations": 1, "slice": "edge", "leaked_from": None, "days_old": None}
    cases = [{"id": n, "input": str(n), **case} for n in range(3)]

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
