"""Names that stand in another module of the installed version: `from mistralai import Mistral`."""

from __future__ import annotations

import ast

from tools.promote.clients import FAMILIES
from tools.promote.clients.family import Family
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits


def move(program: Program, edits: Edits) -> None:
    """`from mistralai import Mistral`: the module that has the name in the installed version."""
    for cell in program.cells:
        for node in cell.nodes:
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                _move_import(cell, node, node.module, edits)


def _move_import(cell: CodeCell, node: ast.ImportFrom, module: str, edits: Edits) -> None:
    family: Family | None = next((f for f in FAMILIES if f.moved and module in f.modules), None)
    if family is None:
        return
    targets = {family.moved.get(alias.name) for alias in node.names}
    target = targets.pop()
    if targets or target is None or target == module:
        return
    text = cell.text(node)
    start = cell.span(node).start + len(text[: text.index(module)].encode("utf-8"))
    edits.add(Edit(cell.index, Span(start, start + len(module)), target))
