"""docs/reference/reliability.md and the tests it names say the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def marked(project_root: Path) -> set[tuple[str, str, str]]:
    """(row, file, test) of every test that says it shows a row."""
    found = set()
    for path in sorted((project_root / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.reliability":
                        row = ast.literal_eval(mark.args[0])
                        found.add((row, path.relative_to(project_root).as_posix(), node.name))
    return found


def test_the_table_names_what_there_is(project_root: Path) -> None:
    """Each row names tests that exist and bear its name, and no test that bears one is left out."""
    text = (project_root / "docs" / "reference" / "reliability.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in text.splitlines() if NAMED.search(line)]
    named = {(row[0].removeprefix("| "), *match) for row in rows for match in NAMED.findall(row[-1])}

    assert named == marked(project_root)
    assert len(rows) >= 20
