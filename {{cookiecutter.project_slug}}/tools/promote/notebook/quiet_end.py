"""A kernel shows the value of a cell's last statement. Where that statement was taken out, the one before shows nothing
still: `load_dotenv()` before a key that the step does not read."""

from __future__ import annotations

import ast

from tools.promote.notebook.magics import mask, split_lines
from tools.promote.notebook.program import CodeCell


def ending_quietly(cell: CodeCell, text: str) -> str:
    """The rewritten text of a cell, with a `;` behind a value that became the last one by the rewriting."""
    if not cell.tree.body or isinstance(cell.tree.body[-1], ast.Expr):
        return text
    masked = mask(text)
    try:
        body = ast.parse(masked.text).body
    except (SyntaxError, ValueError):  # whoever checks that a step parses says so
        return text
    if not body or len(body) >= len(cell.tree.body) or not isinstance(body[-1], ast.Expr) or any(masked.shift):
        return text
    last = body[-1]
    assert last.end_lineno is not None
    assert last.end_col_offset is not None
    if any(magic.kind != "cell" and magic.end_line >= last.lineno for magic in masked.magics):
        return text
    lines = split_lines(text)
    line = lines[last.end_lineno - 1].encode("utf-8")
    ended = line[: last.end_col_offset] + b";" + line[last.end_col_offset :]
    rest = lines[last.end_lineno :]
    return "".join([*lines[: last.end_lineno - 1], ended.decode("utf-8"), *rest])
