"""The word of the notebook's own that a prompt is called by: its variable, or what the variable is made into."""

from __future__ import annotations

import ast

from tools.promote.lifting.candidates import variable_of
from tools.promote.notebook.program import CodeCell
from tools.promote.notebook.words import GENERIC, snake

# Who speaks says nothing about what is said.
SPEAKERS = {"system", "sys", "user", "human", "assistant", "ai"}


def telling_name(cell: CodeCell, node: ast.expr) -> str | None:
    """The variable's name; where that is `system` or `template`, with the name of what it goes into in its cell.

    `system = "..."` above `grade_prompt = ChatPromptTemplate.from_messages([("system", system), ...])` is
    `grade_system`.
    """
    variable = variable_of(cell, node)
    if variable is None or tells(variable) or cell.function_around(node) is not None:
        return variable
    made = _made_of(cell, variable, node)
    return f"{made}_{variable}" if made is not None else variable


def _makes_an_object(value: ast.expr) -> bool:
    """`ChatPromptTemplate.from_messages(...)`, `Agent(...)`; not `len(prompt)` or what a model answers."""
    name = ast.unparse(value.func).split(".")[-1] if isinstance(value, ast.Call) else ""
    return name[:1].isupper() or name.startswith("from_")


def tells(name: str) -> bool:
    """Whether a name says more than that it is a prompt and who speaks."""
    return any(word not in GENERIC | SPEAKERS for word in snake(name).split("_"))


def _made_of(cell: CodeCell, variable: str, node: ast.expr) -> str | None:
    """The first telling name in the cell, below the text, that is given something with the variable in it."""
    for statement in cell.tree.body:
        if statement.lineno <= node.lineno or not isinstance(statement, ast.Assign):
            continue
        target = statement.targets[0]
        reads = any(isinstance(n, ast.Name) and n.id == variable for n in ast.walk(statement.value))
        if (
            reads
            and _makes_an_object(statement.value)
            and isinstance(target, ast.Name)
            and target.id != variable
            and tells(target.id)
        ):
            return target.id
    return None
