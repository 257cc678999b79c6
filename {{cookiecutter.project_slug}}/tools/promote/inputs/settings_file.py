"""Settings that a notebook reads from a `.env` file itself: `config = dotenv_values(".env")`.

A step has its keys from the environment, which the door and the pipeline bring, and no file of its own: what is in the
environment goes before what is in the file. The notebook that is compared is run with the same change.
"""

from __future__ import annotations

import ast

from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import Program, Span
from tools.promote.notebook.splice import Edit, Edits

READER = "dotenv.dotenv_values"
REASON = "a step has its keys from the environment"


def add_environment(program: Program, edits: Edits) -> list[Finding]:
    """`{**dotenv_values(".env"), **os.environ}` in the place of every such call; then `os` is needed."""
    findings = []
    for cell, call in program.calls():
        if program.dotted(call.func) != READER or _joined(program, cell.parents.get(call)):
            continue
        span = cell.span(call)
        changes = [
            Edit(cell.index, Span(span.start, span.start), "{**"),
            Edit(cell.index, Span(span.end, span.end), ", **os.environ}"),
        ]
        if edits.add_all(changes):
            what = f"{cell.text(call)[:60]} with the environment before it"
            findings.append(Finding("changed", "setting", cell.index, call.lineno, what, REASON))
    return findings


def holds_settings(program: Program, node: ast.expr) -> bool:
    """Whether an expression is such a call, or a name that is given nothing else."""
    if isinstance(node, ast.Name):
        values = [binding.value for binding in program.names.bindings.get(node.id, ())]
        return bool(values) and all(isinstance(v, ast.Call) and holds_settings(program, v) for v in values)
    return isinstance(node, ast.Call) and program.dotted(node.func) == READER


def _joined(program: Program, parent: ast.AST | None) -> bool:
    """Whether the author has joined it with the environment already: `{**dotenv_values(), **os.environ}`."""
    others = parent.values if isinstance(parent, ast.Dict) else []
    return any(program.dotted(other) == "os.environ" for other in others)
