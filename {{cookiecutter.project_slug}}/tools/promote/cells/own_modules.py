"""Modules of a notebook's own: files and packages that lie in its folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.promote.cells.host_library import guarded
from tools.promote.notebook.program import CodeCell, Program


def lies_in(folder: Path, root: str) -> bool:
    """Whether the folder holds a module or package of that name."""
    return (folder / f"{root}.py").is_file() or any((folder / root).glob("*.py"))


def imports_own(program: Program, folder: Path) -> bool:
    """Whether the notebook imports what lies in its folder."""
    return any(lies_in(folder, root) for cell in program.cells for _, root in imported_roots(cell))


def imported_roots(cell: CodeCell) -> Iterator[tuple[int, str]]:
    """Line and first part of every imported module that the cell cannot do without."""
    for node in cell.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom) and not guarded(cell, node):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and node.level:
                continue
            yield from ((node.lineno, name.split(".")[0]) for name in names if name)
