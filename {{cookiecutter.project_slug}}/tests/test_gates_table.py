"""docs/reference/gates.md names tests that exist, and every file of sabotage is in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_the_table_names_what_there_is(project_root: Path) -> None:
    """Each row has a test; no folder of sabotage is left out."""
    text = (project_root / "docs" / "reference" / "gates.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")][2:]
    named = set(NAMED.findall(text))
    assert all(NAMED.search(row) for row in rows)
    for file, test in named:
        tree = ast.parse((project_root / file).read_text(encoding="utf-8"))
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    sabotage = {
        path.relative_to(project_root).as_posix() for path in (project_root / "tests" / "sabotage").glob("test_*")
    }
    assert sabotage <= {file for file, _ in named}
