"""What a loop or a comprehension gives its variable: the items of a collection that is written out.

Flat collections that are short enough to be parameters are left alone: there a person changes them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from tools.promote.notebook.program import CodeCell

Place = tuple[CodeCell, ast.expr]
Look = Callable[[CodeCell, ast.Name], list[Place]]
Loop = ast.For | ast.AsyncFor | ast.comprehension
SHORT = 300  # characters up to which a flat collection becomes a parameter


def drawn(cell: CodeCell, name: ast.Name, values_of: Look) -> list[Place]:
    """The expressions that `name` stands for in the innermost loop around it that gives it a value."""
    for above in cell.above(name):
        for loop in _loops(above):
            path = _path(loop.target, name.id)
            inside = name not in ast.walk(loop.iter)
            if path is not None and inside:
                return list(_items(cell, loop.iter, path, values_of))
    return []


def _loops(node: ast.AST) -> list[Loop]:
    if isinstance(node, ast.For | ast.AsyncFor):
        return [node]
    return list(getattr(node, "generators", []))


def _path(target: ast.expr, name: str) -> list[int] | None:
    """Where the name stands in the target: [] for `x`, [1] for `_, x`; None when it does not."""
    if isinstance(target, ast.Name):
        return [] if target.id == name else None
    for index, part in enumerate(target.elts if isinstance(target, ast.Tuple | ast.List) else ()):
        below = _path(part, name)
        if below is not None:
            return [index, *below]
    return None


def _items(cell: CodeCell, iterated: ast.expr, path: list[int], values_of: Look) -> Iterator[Place]:
    if isinstance(iterated, ast.Call):
        yield from _called(cell, iterated, path, values_of)
        return
    for owner, whole in values_of(cell, iterated) if isinstance(iterated, ast.Name) else [(cell, iterated)]:
        if isinstance(whole, ast.List | ast.Tuple) and not _is_parameter(owner, whole, whole.elts):
            yield from ((owner, found) for item in whole.elts for found in _at(item, path))


def _called(cell: CodeCell, call: ast.Call, path: list[int], values_of: Look) -> Iterator[Place]:
    """`enumerate(rows)`, `zip(names, texts)`, `table.items()`, `table.values()`."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name == "enumerate" and call.args and path[:1] == [1]:
        yield from _items(cell, call.args[0], path[1:], values_of)
    elif name == "zip" and path and path[0] < len(call.args):
        yield from _items(cell, call.args[path[0]], path[1:], values_of)
    elif isinstance(call.func, ast.Attribute) and (name == "values" or (name == "items" and path[:1] == [1])):
        table = call.func.value
        below = path if name == "values" else path[1:]
        for owner, whole in values_of(cell, table) if isinstance(table, ast.Name) else [(cell, table)]:
            if isinstance(whole, ast.Dict) and not _is_parameter(owner, whole, whole.values):
                yield from ((owner, found) for item in whole.values for found in _at(item, below))


def _at(item: ast.expr, path: list[int]) -> Iterator[ast.expr]:
    for index in path:
        if not isinstance(item, ast.Tuple | ast.List) or index >= len(item.elts):
            return
        item = item.elts[index]
    yield item


def _is_parameter(cell: CodeCell, whole: ast.expr, items: list[ast.expr]) -> bool:
    return all(isinstance(item, ast.Constant) for item in items) and len(cell.text(whole)) <= SHORT
