"""The feature table claims what tests proved, and nothing else."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from tools.feature_table.table import Outcome, read_records, read_rows, render

TITLES = {row: title for rows in read_rows().values() for row, title in rows.items()}


def marks(tree: ast.AST) -> set[str]:
    """Every literal row of a `feature(...)` mark in a module."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    marked = (call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "feature")
    return {argument.value for call in marked for argument in call.args if isinstance(argument, ast.Constant)}


def test_marks_name_known_rows(project_root: Path) -> None:
    """A test can only be marked with a row that exists."""
    used = {
        row: path.name
        for path in (project_root / "tests").rglob("*.py")
        for row in marks(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert {row: file for row, file in used.items() if row not in TITLES} == {}
    assert used


def test_committed_page_has_every_row_with_a_status(project_root: Path) -> None:
    """The page lists each row once, in order, under its title."""
    page = (project_root / "docs/reference/features.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([A-Z][0-9]+) \| (.+) \| (not yet|proved by [0-9]+ tests?) \|$", page, re.MULTILINE)
    assert [(row, title) for row, title, _ in rows] == list(TITLES.items())


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Outcome(), "not yet"),
        (Outcome(passed=frozenset({"a"})), "proved by 1 test"),
        (Outcome(passed=frozenset({"a", "b"})), "proved by 2 tests"),
        (Outcome(passed=frozenset({"a"}), failed=frozenset({"b"})), "not yet"),
    ],
    ids=["none", "one", "two", "one failed"],
)
def test_status_of_a_row(outcome: Outcome, status: str) -> None:
    """One failed test takes the row away, however many passed."""
    assert f"| T1 | It | {status} |" in render({"Group": {"T1": "It"}}, {"T1": outcome})


def test_records_count_together(tmp_path: Path) -> None:
    """A test that failed in either record spoils its row."""
    (tmp_path / "a.json").write_text(json.dumps({"T1": {"passed": ["x"], "failed": []}}), encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps({"T1": {"passed": ["y"], "failed": ["z"]}}), encoding="utf-8")
    outcome = read_records([tmp_path / "a.json", tmp_path / "b.json"])["T1"]
    assert outcome == Outcome(frozenset({"x", "y"}), frozenset({"z"}))
    assert outcome.status == "not yet"


def test_unknown_row_is_refused() -> None:
    """A recorded row that does not exist is an error, not a silent omission."""
    with pytest.raises(ValueError, match="'Z9'"):
        render({"Group": {"T1": "It"}}, {"Z9": Outcome(frozenset({"a"}))})


@pytest.mark.parametrize("workers", ["0", "2"], ids=["one process", "two workers"])
def test_a_run_records_its_marked_tests(pytester: pytest.Pytester, project_root: Path, workers: str) -> None:
    """A run writes which marked tests passed and failed, alike with and without workers."""
    pytester.makeini(f"[pytest]\npythonpath = {project_root}\nmarkers = feature(id): row")
    pytester.makeconftest('pytest_plugins = ("tools.feature_table.recording",)')
    pytester.makepyfile(
        test_rows="""
        import pytest

        @pytest.mark.feature("T1", "T2")
        def test_good(): pass

        @pytest.mark.feature("T2")
        def test_bad(): assert False

        @pytest.mark.feature("T3")
        def test_skipped(): pytest.skip("no")
        """
    )
    pytester.runpytest_subprocess("-n", workers, "-p", "no:cacheprovider")
    assert json.loads((pytester.path / "build/features.json").read_text(encoding="utf-8")) == {
        "T1": {"passed": ["test_rows.py::test_good"], "failed": []},
        "T2": {"passed": ["test_rows.py::test_good"], "failed": ["test_rows.py::test_bad"]},
    }
