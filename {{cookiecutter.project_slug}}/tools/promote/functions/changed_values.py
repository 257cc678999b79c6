"""Values that a notebook changes where they are: a module's copy of one would go its own way.

Seen by what is done with a name; a value that only another name changes is not.
"""

from __future__ import annotations

import ast

from tools.promote.notebook.program import CodeCell

# Methods of lists, dictionaries, sets and deques that change what they are called on.
_CHANGING = """
add append appendleft clear difference_update discard extend extendleft insert intersection_update pop popitem popleft
remove reverse setdefault sort symmetric_difference_update update
"""
CHANGING = frozenset(_CHANGING.split())


def changes_value(cell: CodeCell, use: ast.Name) -> bool:
    """Whether a value is changed where it is by what is done with it: `log.append(x)`, `store[key]["n"] += 1`."""
    node: ast.AST = use
    while isinstance(above := cell.parents.get(node), ast.Subscript | ast.Attribute) and above.value is node:
        if not isinstance(above.ctx, ast.Load):
            return True
        node = above
    called = cell.parents.get(node)
    is_called = isinstance(called, ast.Call) and called.func is node
    return is_called and isinstance(node, ast.Attribute) and node.attr in CHANGING
