"""Taking out the imports of classes that were exchanged for others and are read nowhere any more.

Statements with a name that moved are `moved_imports`' to write.
"""

from __future__ import annotations

import ast

from tools.promote.moved.homes import home
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edit, Edits, removal
from tools.promote.rewiring.rewired import Rewired


def remove(program: Program, rewired: Rewired, edits: Edits) -> None:
    """Drop the exchanged names from the notebook's `from ... import` lines, unless something reads them still."""
    gone = {name for name in rewired.exchanged if not still_read(program, name, edits)}
    if not gone:
        return
    for cell in program.cells:
        for node in cell.nodes:
            if isinstance(node, ast.ImportFrom) and edits.free(cell.index, cell.span(node)) and not _moves(node):
                dropped = [a.asname or a.name for a in node.names if (a.asname or a.name) in gone]
                if dropped and _shorten(cell, node, gone, edits):
                    rewired.changed(cell, node.lineno, f"{', '.join(dropped)} imported no more", "nothing reads it")


def still_read(program: Program, name: str, edits: Edits) -> bool:
    """Whether the name is read in a place that no edit has replaced."""
    return any(
        isinstance(node, ast.Name)
        and node.id == name
        and isinstance(node.ctx, ast.Load)
        and not edits.replaced(cell.index, cell.span(node))
        for cell in program.cells
        for node in cell.nodes
    )


def _moves(node: ast.ImportFrom) -> bool:
    return any(home(node.module or "", alias.name) for alias in node.names)


def _shorten(cell: CodeCell, node: ast.ImportFrom, gone: set[str], edits: Edits) -> bool:
    kept = [alias for alias in node.names if (alias.asname or alias.name) not in gone]
    if not kept:
        return edits.add(removal(cell, node))
    names = ", ".join(alias.name + (f" as {alias.asname}" if alias.asname else "") for alias in kept)
    return edits.add(Edit(cell.index, cell.span(node), f"from {'.' * node.level}{node.module or ''} import {names}"))
