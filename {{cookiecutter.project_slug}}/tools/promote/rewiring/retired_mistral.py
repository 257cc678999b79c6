"""The client of mistralai before 1.0: where a notebook only asks with it, its imports become the project's stand-in."""

from __future__ import annotations

import ast

from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edit, Edits
from tools.promote.rewiring.rewired import Rewired

CLIENTS = ("MistralClient", "MistralAsyncClient")
STANDING_IN = {*CLIENTS, "ChatMessage"}
MODULE = "app.orchestration.legacy_mistral"
# What the stand-in has not.
ELSEWHERE = {"files", "jobs", "list_models", "completion", "completion_stream"}
WHY = "it belongs to mistralai before 1.0; a class of the project stands for it"


def stand_in(program: Program, edits: Edits, rewired: Rewired) -> bool:
    """Exchange the imports. False, with nothing changed, when the notebook uses more of that version."""
    calls = [(cell, call) for cell, call in program.calls() if _name(program, call.func) in CLIENTS]
    imports = [(cell, node) for cell in program.cells for node in cell.nodes if _of_mistral(node)]
    if not calls or not all(isinstance(node, ast.ImportFrom) and _known(node) for _, node in imports):
        return False
    if any(isinstance(n, ast.Attribute) and n.attr in ELSEWHERE for cell in program.cells for n in cell.nodes):
        return False
    for cell, node in imports:
        _exchange(cell, node, edits)
    for cell, call in calls:
        rewired.changed(cell, call.lineno, f"{cell.text(call.func)}(...) goes through the gateway's door", WHY)
    return True


def _exchange(cell: CodeCell, node: ast.AST, edits: Edits) -> None:
    assert isinstance(node, ast.ImportFrom)
    names = ", ".join(alias.name + (f" as {alias.asname}" if alias.asname else "") for alias in node.names)
    edits.add(Edit(cell.index, cell.span(node), f"from {MODULE} import {names}"))


def _name(program: Program, function: ast.expr) -> str:
    dotted = program.dotted(function) or ""
    return dotted.rpartition(".")[2] if dotted.startswith("mistralai.") else ""


def _of_mistral(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] == "mistralai"
    return isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "mistralai" for alias in node.names)


def _known(node: ast.ImportFrom) -> bool:
    return all(alias.name in STANDING_IN for alias in node.names)
