"""The feature table: rows from rows.json, their status from recorded test runs. No row is claimed without a test."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROWS = Path(__file__).with_name("rows.json")
OPENING = """# Features

Written by `make features` from the tests that passed; change tests, not this page. A row is proved when every test
marked with it passed, and there is at least one.
"""


@dataclass(frozen=True)
class Outcome:
    """Tests marked with one row, by how they ended."""

    passed: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()

    @property
    def status(self) -> str:
        """`proved by N tests`, or `not yet`."""
        if self.failed or not self.passed:
            return "not yet"
        return f"proved by {len(self.passed)} test{'s' if len(self.passed) > 1 else ''}"


def read_rows(path: Path = ROWS) -> dict[str, dict[str, str]]:
    """Titles of rows by group: `{"Template": {"T1": "..."}}`."""
    groups: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return groups


def read_records(paths: Iterable[Path]) -> dict[str, Outcome]:
    """The outcomes of several recorded runs together."""
    found: dict[str, Outcome] = {}
    for path in paths:
        for row, tests in json.loads(path.read_text(encoding="utf-8")).items():
            old = found.get(row, Outcome())
            found[row] = Outcome(old.passed | set(tests["passed"]), old.failed | set(tests["failed"]))
    return found


def render(groups: Mapping[str, Mapping[str, str]], outcomes: Mapping[str, Outcome]) -> str:
    """The page. Raises ValueError for an outcome of a row that does not exist."""
    unknown = sorted(set(outcomes) - {row for rows in groups.values() for row in rows})
    if unknown:
        raise ValueError(f"tests are marked with {unknown[0]!r}, which is no row of {ROWS.name}")
    sections = [OPENING]
    for group, rows in groups.items():
        lines = [f"| {row} | {title} | {outcomes.get(row, Outcome()).status} |" for row, title in rows.items()]
        sections.append("\n".join([f"## {group}\n", "| row | what | status |", "|---|---|---|", *lines, ""]))
    return "\n".join(sections)
