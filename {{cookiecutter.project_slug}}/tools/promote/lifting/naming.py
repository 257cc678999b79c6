"""The word of the notebook's own that a prompt is called by: its variable, or what the variable is made into."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.promote.lifting.candidates import variable_of
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.words import tells

HOPS = 3  # `template` into `prompt` into `rag_chain`


def telling_name(program: Program, cell: CodeCell, node: ast.expr) -> str | None:
    """The variable's name; where that is `system` or `template`, with the name of what it goes into below.

    `system = "..."` above `grade_prompt = ChatPromptTemplate.from_messages([("system", system), ...])` is
    `grade_system`, `template = "..."` above `prompt = PromptTemplate(template)` and `summary = prompt | llm` is
    `summary`.
    """
    variable = variable_of(cell, node)
    if variable is None or tells(variable) or cell.function_around(node) is not None:
        return variable
    made = _made_of(program, cell, variable, cell.statement_of(node), HOPS)
    return f"{made}_{variable}" if made is not None else variable


def function_name(cell: CodeCell, node: ast.expr) -> str | None:
    """The function a prompt stands in; of `__init__` and its like the class."""
    function = cell.function_around(node)
    if function is None or not function.name.startswith("__"):
        return function.name if function else None
    around = cell.parents.get(function)
    return around.name if isinstance(around, ast.ClassDef) else None


def _makes_an_object(value: ast.expr) -> bool:
    """`ChatPromptTemplate.from_messages(...)`, `Agent(...)`, `prompt | llm`; not what a model answers."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr):
        return True
    name = ast.unparse(value.func).split(".")[-1] if isinstance(value, ast.Call) else ""
    return name[:1].isupper() or name.startswith("from_")


def _made_of(program: Program, cell: CodeCell, variable: str, after: ast.stmt, hops: int) -> str | None:
    """The first telling name below a statement that is given something with the variable in it."""
    for owner, statement in _below(program, cell, after):
        target = statement.targets[0] if isinstance(statement, ast.Assign) else None
        if not isinstance(statement, ast.Assign) or not isinstance(target, ast.Name):
            continue
        reads = any(isinstance(n, ast.Name) and n.id == variable for n in ast.walk(statement.value))
        if reads and target.id != variable and _makes_an_object(statement.value):
            if tells(target.id):
                return target.id
            return _made_of(program, owner, target.id, statement, hops - 1) if hops > 1 else None
        if target.id == variable:
            return None  # from here on it is another text
    return None


def _below(program: Program, cell: CodeCell, after: ast.stmt) -> Iterator[tuple[CodeCell, ast.stmt]]:
    """The statements at module level below one, in the order of the notebook."""
    yield from ((cell, statement) for statement in cell.tree.body if statement.lineno > after.lineno)
    for other in program.cells:
        if other.index > cell.index:
            yield from ((other, statement) for statement in other.tree.body)
