"""Prompts put together line by line: `request = "..."`, and below it `request += "..."`, are one text.

Only statements that follow each other, with nothing between them, so that every place of the text is filled in with
what it was.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.text_expressions import is_text


@dataclass(frozen=True, eq=False)
class Built:
    """A text and what is appended to it: the statements below it, and all of it as one expression."""

    statements: tuple[ast.stmt, ...]
    parts: tuple[ast.expr, ...]

    @property
    def whole(self) -> ast.expr:
        """The parts as a chain of `+`; its nodes stand where they stood."""
        whole = self.parts[0]
        for part in self.parts[1:]:
            whole = ast.copy_location(ast.BinOp(whole, ast.Add(), part), self.parts[0])
        return whole


def built_texts(program: Program) -> dict[int, Built]:
    """Texts that more is appended to at once, by the identity of their first part."""
    return {id(built.parts[0]): built for cell in program.cells for block in _blocks(cell) for built in _in(block)}


def _blocks(cell: CodeCell) -> Iterator[list[ast.stmt]]:
    for node in cell.nodes:
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


def _in(block: list[ast.stmt]) -> Iterator[Built]:
    for index, first in enumerate(block):
        if not isinstance(first, ast.Assign) or len(first.targets) != 1 or not isinstance(first.targets[0], ast.Name):
            continue
        name = first.targets[0].id
        appended: list[ast.AugAssign] = []
        for statement in block[index + 1 :]:
            if not _appends(statement, name):
                break
            assert isinstance(statement, ast.AugAssign)
            appended.append(statement)
        if appended and is_text(first.value) and _own_lines([first, *appended]):
            yield Built(tuple(appended), (first.value, *(statement.value for statement in appended)))


def _appends(statement: ast.stmt, name: str) -> bool:
    return (
        isinstance(statement, ast.AugAssign)
        and isinstance(statement.op, ast.Add)
        and isinstance(statement.target, ast.Name)
        and statement.target.id == name
        and is_text(statement.value)
        and not any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(statement.value))
    )


def _own_lines(statements: list[ast.stmt]) -> bool:
    """Whether no two of them share a line."""
    ends = [statement.end_lineno or 0 for statement in statements]
    return all(end < below.lineno for end, below in zip(ends, statements[1:], strict=False))
