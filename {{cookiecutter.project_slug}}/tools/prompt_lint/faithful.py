"""Whether a file that was rewritten is the old one but for texts that gave way to calls, and one import.

The last look before anything is written: it compares syntax trees and believes nothing of how the text came about.
"""

from __future__ import annotations

import ast

from tools.promote.step_notebook import HELPERS, PROMPT, PROMPT_ALIAS

_DIFFERENT = 1_000_000


def is_faithful(before: ast.Module, after: str, lifted: int) -> bool:
    """Whether `after` is the old tree with `lifted` expressions given way to calls of the helper, and one import."""
    try:
        compile(after, "<rewritten>", "exec", dont_inherit=True)
        tree = ast.parse(after)
    except (SyntaxError, ValueError, RecursionError):
        return False
    known = {ast.dump(node) for node in before.body}
    rest = [node for node in tree.body if not (_imports_helper(node) and ast.dump(node) not in known)]
    added = [node for node in tree.body if node not in rest]
    if len(added) > 1 or any(not _in_time(node, tree.body) for node in added):
        return False
    return _differences(before.body, rest) == lifted


def _in_time(helper: ast.stmt, body: list[ast.stmt]) -> bool:
    """Whether the import comes before the first call that needs it, and does not take a docstring's place."""
    place = body.index(helper)
    if place == 0 and isinstance(body[1], ast.Expr) and isinstance(body[1].value, ast.Constant):
        return False
    return not any(_is_helper_call(node) for statement in body[:place] for node in ast.walk(statement))


def _imports_helper(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == HELPERS


def _differences(one: object, other: object) -> int:
    """How many expressions of `one` are calls in `other`; a large number when anything else differs."""
    if isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return _DIFFERENT
        return sum(_differences(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, ast.AST) and isinstance(other, ast.AST):
        if type(one) is type(other):
            count = sum(_differences(getattr(one, f, None), getattr(other, f, None)) for f in one._fields)
            if count < _DIFFERENT or not isinstance(one, ast.Call):
                return count
        return 1 if isinstance(one, ast.expr) and _is_helper_call(other) else _DIFFERENT
    return 0 if type(one) is type(other) and one == other else _DIFFERENT


def _is_helper_call(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in (PROMPT, PROMPT_ALIAS)
