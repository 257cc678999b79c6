"""Packages a step imports that are not there: it would fail in its pipeline, so it waits for them.

Asked only where the project's own packages are at hand; elsewhere nothing can be said.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.promote.cells.dependencies import FILE
from tools.promote.cells.host_library import guarded
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, Program

SUBJECT = "package"


def missing_packages(program: Program, folder: Path, requirements: list[str]) -> list[Finding]:
    """A finding for each package that is not installed, where it is imported first.

    `folder` is where the notebook runs, whose own modules count as installed; `requirements` are those it names itself.
    """
    findings: dict[str, Finding] = {}
    for cell in program.cells:
        for line, root in _imports(cell):
            if root in findings or _importable(root, folder):
                continue
            remedy = "run `make lock`, which pins it, then promote again"
            if not _named(root, requirements):
                remedy = f"add its package to {FILE}, run `make lock`, then promote again"
            reason = "its package is not installed"
            findings[root] = Finding("refused", SUBJECT, cell.index, line, f"import {root}", reason, remedy)
    return list(findings.values())


def _imports(cell: CodeCell) -> Iterator[tuple[int, str]]:
    """Line and first part of every imported module that the cell cannot do without."""
    for node in cell.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom) and not guarded(cell, node):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and node.level:
                continue
            yield from ((node.lineno, name.split(".")[0]) for name in names if name)


def _importable(root: str, folder: Path) -> bool:
    if (
        root in sys.stdlib_module_names
        or root in ("google", "app")
        or (folder / root).is_dir()
        or (folder / f"{root}.py").exists()
    ):
        return True
    try:
        return importlib.util.find_spec(root) is not None
    except (ImportError, ValueError):
        return False


def _named(root: str, requirements: list[str]) -> bool:
    """Whether some requirement is called like the module: `langchain-openai>=1` for `langchain_openai`."""
    names = {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", text)[0]).lower() for text in requirements}
    plain = root.replace("_", "-").lower()
    return any(name == plain or name.startswith(f"{plain}-") or name.endswith(f"-{plain}") for name in names)
