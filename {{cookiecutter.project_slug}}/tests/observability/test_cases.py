"""Case files: read in order, every fault named with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.errors import InputError
from app.observability.evaluation.case import Case, load_cases

GOOD = {"id": "a", "inputs": {"ticket": "hi"}, "expected": {"label": "billing"}, "slice": "edge"}


def written(path: Path, *lines: object) -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def test_cases_are_read_in_order(tmp_path: Path) -> None:
    """Blank lines are skipped; slice and expectation have defaults."""
    path = written(tmp_path / "c.jsonl", GOOD, "", {"id": "b", "inputs": {"x": 1}})
    assert load_cases(path) == [
        Case("a", {"ticket": "hi"}, {"label": "billing"}, "edge"),
        Case("b", {"x": 1}, {}, "common"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{not json", "not JSON"),
        ("[1]", "a JSON list: an object is expected"),
        (GOOD | {"label": "x"}, "unknown field 'label'"),
        ({"inputs": {"a": 1}}, "'id' is missing"),
        (GOOD | {"inputs": {}}, "'inputs' is missing or empty"),
        (GOOD | {"expected": "billing"}, "'expected' must be a dict"),
        (GOOD, "id 'a' is taken by line 1"),
    ],
    ids=["json", "list", "unknown", "no id", "no inputs", "expected", "twice"],
)
def test_a_bad_line_is_named(tmp_path: Path, line: object, message: str) -> None:
    """File and line come first, then what is wrong."""
    path = written(tmp_path / "c.jsonl", GOOD, line)
    with pytest.raises(InputError) as caught:
        load_cases(path)
    assert str(caught.value).startswith(f"{path}:2: ")
    assert message in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Missing and binary files give one line each."""
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe\x00")
    for name in ("missing.jsonl", "b.jsonl"):
        with pytest.raises(InputError, match="cannot be read"):
            load_cases(tmp_path / name)


def test_a_text_may_hold_any_separator_but_a_line_feed(tmp_path: Path) -> None:
    """What users wrote is kept as it is, line separators of Unicode included."""
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps({**GOOD, "inputs": {"x": "one\u2028two\x85three"}}, ensure_ascii=False), "utf-8")
    assert [case.inputs for case in load_cases(path)] == [{"x": "one\u2028two\x85three"}]


def test_a_digest_changes_with_the_case_and_not_with_its_slice() -> None:
    """It tells whether inputs or expectation were edited."""
    case = Case("a", {"x": 1}, {"label": "b"}, "common")
    assert case.digest == Case("z", {"x": 1}, {"label": "b"}, "edge").digest
    assert case.digest != Case("a", {"x": 2}, {"label": "b"}).digest
    assert case.digest != Case("a", {"x": 1}, {"label": "c"}).digest
