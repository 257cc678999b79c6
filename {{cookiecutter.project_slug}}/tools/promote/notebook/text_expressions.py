"""Expressions that are texts: constants, f-strings, chains of `+`, items joined."""

from __future__ import annotations

import ast


def leaves(node: ast.expr) -> list[ast.expr]:
    """The operands of a chain of `+`, left to right; of `"-".join([...])` the items with the separator between them."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return leaves(node.left) + leaves(node.right)
    if isinstance(node, ast.Call) and (items := joined(node)):
        assert isinstance(node.func, ast.Attribute)
        separated = [part for item in items for part in (node.func.value, item)]
        return [leaf for part in separated[1:] for leaf in leaves(part)]
    return [node]


def joined(call: ast.Call) -> list[ast.expr]:
    """The items of `"...".join([...])`; none for anything else."""
    function = call.func
    if not isinstance(function, ast.Attribute) or function.attr != "join" or len(call.args) != 1:
        return []
    items = call.args[0]
    plain = isinstance(function.value, ast.Constant) and isinstance(function.value.value, str)
    if not plain or not isinstance(items, ast.List | ast.Tuple) or any(isinstance(i, ast.Starred) for i in items.elts):
        return []
    return items.elts


def is_text(node: ast.expr) -> bool:
    """A text constant, an f-string, or a chain of `+` with at least one of them in it."""
    if isinstance(node, ast.JoinedStr):
        return True
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return any(is_text(leaf) for leaf in leaves(node))
    return isinstance(node, ast.Call) and any(is_text(item) for item in joined(node))


def words_in(node: ast.expr) -> int:
    """How many words of its own an expression has."""
    texts = (n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return len(" ".join(texts).split())
