"""Replacing pieces of a cell's text and nothing else: what no edit touches stays byte for byte."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tools.promote.notebook.magics import mask, split_lines
from tools.promote.notebook.program import CodeCell, Span

# Holds the place of a statement that was removed from a block.
PLACE = "pass  # removed by promote"


@dataclass(frozen=True)
class Edit:
    """Put `text` in the place of `span` of cell number `cell`."""

    cell: int
    span: Span
    text: str


class Edits:
    """The edits of a whole notebook. One that overlaps an earlier one is declined."""

    def __init__(self) -> None:
        self._by_cell: dict[int, list[Edit]] = defaultdict(list)

    def add(self, edit: Edit) -> bool:
        """Whether the edit was taken; False when its span overlaps one that was."""
        if any(_overlap(edit.span, other.span) for other in self._by_cell[edit.cell]):
            return False
        self._by_cell[edit.cell].append(edit)
        return True

    def add_all(self, changes: Sequence[Edit]) -> bool:
        """Whether they were all taken: edits that make sense together alone are taken together or not at all."""
        if not all(self.free(change.cell, change.span) for change in changes):
            return False
        for change in changes:
            self.add(change)
        return True

    def free(self, cell: int, span: Span) -> bool:
        """Whether no edit touches the span yet."""
        return not any(_overlap(span, other.span) for other in self._by_cell[cell])

    def cells(self) -> Iterable[int]:
        """Numbers of the cells that change."""
        return [cell for cell, edits in self._by_cell.items() if edits]

    def replaced(self, cell: int, span: Span) -> bool:
        """Whether an edit takes everything in the span away or puts something else there."""
        return any(edit.span.start <= span.start and span.end <= edit.span.end for edit in self._by_cell[cell])

    def apply(self, cell: CodeCell) -> str:
        """The cell's text with its edits made."""
        result = cell.encoded
        for edit in sorted(self._by_cell[cell.index], key=lambda e: (e.span.start, e.span.end), reverse=True):
            result = result[: edit.span.start] + edit.text.encode("utf-8") + result[edit.span.end :]
        return _without_places(result.decode("utf-8"))


def removal(cell: CodeCell, statement: ast.stmt) -> Edit:
    """The edit that deletes a statement with its lines; inside a block, or beside another one, it leaves `pass`."""
    span = cell.span(statement)
    assert statement.end_lineno is not None
    lines = cell.line_span(statement.lineno, statement.end_lineno)
    rest = cell.encoded[lines.start : span.start] + cell.encoded[span.end : lines.end].split(b"#")[0]
    if isinstance(cell.parents.get(statement), ast.Module) and not rest.strip():
        return Edit(cell.index, lines, "")
    return Edit(cell.index, span, PLACE if not rest.strip() else "pass")


def _without_places(text: str) -> str:
    """The text without the lines that hold the place of a removed statement, except where a block would be empty."""
    while PLACE in text:
        line = _needless(text)
        if line is None:
            return text.replace(PLACE, "pass")
        lines = split_lines(text)
        text = "".join(lines[: line - 1] + lines[line:])
    return text


def _needless(text: str) -> int | None:
    """The number of a line with a held place in a block that has another statement."""
    lines = split_lines(text)
    try:
        tree = ast.parse(mask(text).text)
    except (SyntaxError, ValueError):
        return None
    for node in ast.walk(tree):
        for block in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
            if isinstance(block, list) and len(block) > 1:
                for statement in block:
                    if isinstance(statement, ast.Pass) and PLACE in lines[statement.lineno - 1]:
                        return int(statement.lineno)
    return None


def _overlap(one: Span, other: Span) -> bool:
    if one.start == one.end or other.start == other.end:
        return one.start < other.end and other.start < one.end
    return one.start < other.end and other.start < one.end
