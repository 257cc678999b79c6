"""What a string expression is worth as text: its words, its holes, and where it stands.

A text is the largest expression made of literals: a constant, an f-string, a concatenation, `"..." % x`,
`"...".format(x)`, `"\\n".join(["...", "..."])`. Nothing here decides whether it is a prompt.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

HOLE = "{}"
FILLING = frozenset({"format", "format_map", "substitute", "safe_substitute", "replace"})
METHODS = FILLING | {
    "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "expandtabs", "removeprefix", "removesuffix",
    "encode", "join", "dedent",
}  # fmt: skip


@dataclass(slots=True, eq=False)
class Text:
    """One text of one cell.

    `literal` is what is written, with `{}` where a value goes; `names` are what it is called, the nearest first
    (variable, keyword, dictionary key, function); `excluded` says why it is not looked at unless it is sent to a
    model; `sent` is filled by the dataflow: the role and the call.
    """

    node: ast.expr
    cell: int | None
    literal: str
    holes: list[ast.expr]
    templated: bool
    names: tuple[str, ...]
    excluded: str
    statement: tuple[int, int]
    role: str = ""
    sink: str = ""
    last_line: int = 0

    @property
    def line(self) -> int:
        return self.node.lineno

    @property
    def end_line(self) -> int:
        return self.last_line or self.node.end_lineno or self.node.lineno

    @property
    def interpolated(self) -> bool:
        return bool(self.holes) or self.templated


@dataclass(slots=True)
class Written:
    """The outcome of reading a string expression: span, words, holes."""

    node: ast.expr
    literal: str
    holes: list[ast.expr]
    templated: bool


def is_written(node: ast.expr) -> bool:
    """True when the expression is text that is at least partly written here."""
    kind = type(node)
    if kind is ast.Constant:
        return isinstance(node.value, str)  # type: ignore[attr-defined]
    if kind is ast.JoinedStr:
        return True
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Add):
            return any(is_written(leaf) for leaf in leaves(node))
        return isinstance(node.op, ast.Mod) and is_written(node.left)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS:
        receiver = node.func.value
        if node.func.attr == "join":
            elements = _joined(node)
            return bool(elements) and isinstance(receiver, ast.Constant) and any(map(is_written, elements))
        return is_written(receiver)
    return False


def leaves(node: ast.BinOp) -> list[ast.expr]:
    """The operands of a chain of `+`, left to right, without recursion."""
    found: list[ast.expr] = []
    pending: list[ast.expr] = [node]
    while pending:
        item = pending.pop()
        if isinstance(item, ast.BinOp) and isinstance(item.op, ast.Add):
            pending += [item.left, item.right]
        else:
            found.append(item)
    found.reverse()
    return found


def _joined(call: ast.Call) -> list[ast.expr]:
    if len(call.args) == 1 and isinstance(call.args[0], ast.List | ast.Tuple):
        return call.args[0].elts
    return []


def written(node: ast.expr) -> Written:
    """Read a string expression for which `is_written` holds."""
    if isinstance(node, ast.Constant):
        return Written(node, str(node.value), [], False)
    if isinstance(node, ast.JoinedStr):
        return _f_string(node)
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.Mod):
            left = written(node.left)
            right = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
            return Written(left.node, left.literal, left.holes + list(right), True)
        return _together(node, leaves(node), "")
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Attribute)
    if node.func.attr == "join":
        separator = node.func.value.value if isinstance(node.func.value, ast.Constant) else ""
        return _together(node, _joined(node), str(separator))
    inner = written(node.func.value)
    if node.func.attr in FILLING:
        values = [*node.args, *(k.value for k in node.keywords)]
        inner.holes += [v for v in values if not isinstance(v, ast.Constant)]
        inner.templated = inner.templated or node.func.attr != "replace" or bool(inner.holes)
    return inner


def _f_string(node: ast.JoinedStr) -> Written:
    pieces: list[str] = []
    holes: list[ast.expr] = []
    for value in node.values:
        if isinstance(value, ast.Constant):
            pieces.append(str(value.value))
        elif isinstance(value, ast.FormattedValue):
            pieces.append(HOLE)
            holes.append(value.value)
    return Written(node, "".join(pieces), holes, False)


def _together(node: ast.expr, items: list[ast.expr], separator: str) -> Written:
    pieces: list[str] = []
    holes: list[ast.expr] = []
    templated = False
    for item in items:
        if is_written(item):
            inner = written(item)
            pieces.append(inner.literal)
            holes += inner.holes
            templated = templated or inner.templated
        else:
            pieces.append(HOLE)
            holes.append(item)
    return Written(node, separator.join(pieces), holes, templated)
