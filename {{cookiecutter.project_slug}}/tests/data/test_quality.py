"""Data gates: green on good rows, red with the rows named on bad ones, and never green without rows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.data import chunking, documents, gate_pages, quality
from app.errors import ConfigurationError, GateFailedError, InputError
from app.settings import Retrieval

pytestmark = pytest.mark.slow

SUITE = """
expectations:
  - {type: expect_column_values_to_not_be_null, kwargs: {column: name}, description: must have a name}
  - {type: expect_column_values_to_be_between, kwargs: {column: size, min_value: 1}, description: must be positive}
  - type: expect_column_mean_to_be_between
    kwargs: {column: size, max_value: 100}
    description: mean size should stay below 100
    severity: warning
"""
UNKNOWN = "expectations: [{type: expect_magic, kwargs: {}}]"
MISSPELT = "expectations: [{type: expect_column_values_to_be_unique, kwargs: {colum: id}}]"


@pytest.fixture
def gates(tmp_path: Path) -> Path:
    (tmp_path / "things.yml").write_text(SUITE)
    return tmp_path


@pytest.mark.feature("D6")
def test_the_sample_passes_its_gates_and_leaves_reports(project_root: Path, tmp_path: Path) -> None:
    """Documents, chunks and both suites of cases are green, each with a report to look at."""
    gates_dir = project_root / "data_gates"
    corpus = documents.load(project_root / "corpus")
    chunks = [made for document in corpus.documents for made in chunking.chunk(document, Retrieval())]
    rows = {"documents": corpus.rows(), "chunks": chunking.rows(chunks)}
    cases = [quality.case_rows(path) for path in sorted((project_root / "evals/cases").glob("*.jsonl"))]

    reports = [
        quality.run_gate(name, given, gates_dir=gates_dir, report_dir=tmp_path)
        for name, given in [*rows.items(), *(("cases", given) for given in cases)]
    ]

    assert [report.failures for report in reports] == [()] * len(reports)
    assert len(reports) >= 4
    assert all(report.report and report.report.is_file() for report in reports)


@pytest.mark.feature("D6")
def test_failing_rows_are_named_with_column_and_value(gates: Path) -> None:
    """One line a row and column; raising carries all of them and stops whoever called."""
    rows = [
        {"id": "a", "name": "x", "size": 1},
        {"id": "b", "name": None, "size": 1},
        {"id": "c", "name": "z", "size": -4},
    ]

    report = quality.run_gate("things", rows, gates_dir=gates)

    assert report.failures == (
        "b: name: must have a name, found nothing",
        "c: size: must be positive, found -4",
    )
    with pytest.raises(GateFailedError, match="data gate 'things' is red: b: name: must have a name") as raised:
        report.raise_if_failed()
    assert raised.value.failures == report.failures


@pytest.mark.feature("D6")
def test_a_shift_of_the_distribution_warns_without_failing(gates: Path) -> None:
    """Warnings are kept apart and say what was observed."""
    report = quality.run_gate("things", [{"id": n, "name": "x", "size": 500} for n in range(3)], gates_dir=gates)

    assert report.success
    assert report.warnings == ("all rows: size: mean size should stay below 100, found 500.0",)
    report.raise_if_failed()


def test_many_failing_rows_are_counted_not_listed(gates: Path) -> None:
    """A broken load of 12,000 rows gives a page to read, not a megabyte."""
    report = quality.run_gate("things", [{"id": n, "name": "x", "size": 0} for n in range(12_000)], gates_dir=gates)

    assert report.failures[0] == "0: size: must be positive, found 0"
    assert report.failures[-1] == "11980 more rows: size: must be positive"
    assert len(report.failures) == quality.NAMED_ROWS + 1


@pytest.mark.parametrize(
    ("rows", "failure"),
    [
        pytest.param([], "no rows: there is nothing to check; look at the step before this gate", id="no rows"),
        pytest.param(
            [{"id": 1, "name": "x"}], 'all rows: size: cannot be checked (Error: The column "size"', id="no column"
        ),
    ],
)
def test_what_cannot_be_checked_is_red(gates: Path, rows: list[dict[str, object]], failure: str) -> None:
    """Nothing to look at is no reason to go on."""
    assert any(line.startswith(failure) for line in quality.run_gate("things", rows, gates_dir=gates).failures)


@pytest.mark.parametrize(
    ("name", "suite", "message"),
    [
        pytest.param("other", None, "known gates are broken, things", id="missing"),
        pytest.param("broken", "expectations: [", "is not YAML", id="not YAML"),
        pytest.param("broken", "expectations: []", "checks nothing is no gate", id="empty"),
        pytest.param("broken", UNKNOWN, "expect_magic", id="unknown type"),
        pytest.param("broken", MISSPELT, "colum extra fields not permitted", id="misspelt argument"),
    ],
)
def test_an_unusable_suite_is_a_configuration_error(gates: Path, name: str, suite: str | None, message: str) -> None:
    """One line with the file or the gate and the remedy."""
    (gates / "broken.yml").write_text(suite or "")

    with pytest.raises(ConfigurationError, match=message) as raised:
        quality.run_gate(name, [{"id": 1}], gates_dir=gates)

    assert "\n" not in str(raised.value)


def test_a_broken_line_among_the_cases_is_named(tmp_path: Path) -> None:
    """File and line number are in the message."""
    (tmp_path / "cases.jsonl").write_text('{"id": "1", "inputs": {"q": "a"}, "expected": {}}\n\n{"id": 2}\n')

    with pytest.raises(InputError, match=r"cases\.jsonl:3 is no case"):
        quality.case_rows(tmp_path / "cases.jsonl")


def test_importing_the_gates_loads_no_heavy_library() -> None:
    """Great Expectations and pandas come with the first gate that runs, not before."""
    program = "import sys, app.data.quality; print({'pandas', 'great_expectations'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", program], env={"PYTHONPATH": "src"}, capture_output=True, text=True,
                          cwd=Path(__file__).resolve().parents[2], check=True)  # fmt: skip

    assert done.stdout.strip() == "set()"


@pytest.mark.feature("D6")
def test_a_file_that_cannot_be_read_is_one_line_of_the_gate(project_root: Path, tmp_path: Path) -> None:
    """Its reason is told; that it has neither title nor text follows from it and is not."""
    (tmp_path / "sound.md").write_text("# Sound\n\nThis text can be read by everybody.")
    (tmp_path / "broken.md").write_bytes(b"\xff\xfe\x00")

    report = quality.run_gate("documents", documents.load(tmp_path).rows(), gates_dir=project_root / "data_gates")

    assert len(report.failures) == 1
    assert report.failures[0].startswith("broken.md: refused: must be readable")


@pytest.mark.feature("D6")
def test_the_pages_of_a_gate_need_no_network(project_root: Path, tmp_path: Path) -> None:
    """Nothing is fetched from elsewhere and no script runs; outcome and failing rows are there, whatever they say."""
    (tmp_path / "sound.md").write_text("# Sound\n\nThis text can be read by everybody.")
    (tmp_path / "<img src=x onerror=alert(1)>.md").write_bytes(b"\xff\xfe\x00")
    rows = documents.load(tmp_path).rows()

    report = quality.run_gate("documents", rows, gates_dir=project_root / "data_gates", report_dir=tmp_path / "docs")

    assert report.report is not None
    pages = {page: page.read_text("utf-8") for page in (tmp_path / "docs").rglob("*.html")}
    index = pages[report.report]
    assert len(pages) == 3
    for text in pages.values():
        assert not re.search(r"<script|<link[^>]+https?:|<img[^>]+https?:", text)
        assert re.match(r"[^<]*<!doctype html>\s*<html[^>]*>\s*<head[^>]*>" + re.escape(gate_pages.POLICY), text, re.I)
    assert 'Gate documents: <span class="red">red</span>' in index
    assert "<img" not in index
    assert "&lt;img src=x onerror=alert(1)&gt;.md: refused: must be readable" in index
    for page in pages:
        assert page == report.report or f'href="{page.relative_to(report.report.parent).as_posix()}"' in index
