"""`if not os.environ.get("X_API_KEY"): os.environ["X_API_KEY"] = getpass()`: asked only where a key is missing.

A step has nobody to ask, and finds its keys in the environment: the whole statement is pointless there.
"""

from __future__ import annotations

import ast

from tools.promote.notebook.program import Program, spelled

HARMLESS = {"get", "getenv", "startswith", "strip", "print", "len", "isinstance"}
ASKING = {"getpass", "input", "get", "getenv"}


def guarded_keys(program: Program, node: ast.stmt) -> set[str]:
    """The variables that a statement of that kind would set; none for any other statement."""
    if not isinstance(node, ast.If) or node.orelse or not _only(node.test, HARMLESS):
        return set()
    keys: set[str] = set()
    names: set[str] = set()
    for statement in node.body:
        target = statement.targets[0] if isinstance(statement, ast.Assign) and len(statement.targets) == 1 else None
        if isinstance(statement, ast.Assert) or _is_print(statement):
            continue
        if not isinstance(statement, ast.Assign) or not _only(statement.value, ASKING | HARMLESS):
            return set()
        if isinstance(target, ast.Name):
            names.add(target.id)
        elif isinstance(target, ast.Subscript) and spelled(target.value).endswith("environ"):
            keys.add(str(getattr(target.slice, "value", "")))
        else:
            return set()
    return keys if "" not in keys and not _read_elsewhere(program, node, names) else set()


def _only(expression: ast.AST, names: set[str]) -> bool:
    """Whether an expression calls nothing but these."""
    calls = (n for n in ast.walk(expression) if isinstance(n, ast.Call))
    return all(ast.unparse(call.func).split(".")[-1] in names for call in calls)


def _is_print(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and _only(statement, {"print"})


def _read_elsewhere(program: Program, node: ast.If, names: set[str]) -> bool:
    within = set(ast.walk(node))
    return any(
        isinstance(n, ast.Name) and n.id in names and n not in within for cell in program.cells for n in cell.nodes
    )
