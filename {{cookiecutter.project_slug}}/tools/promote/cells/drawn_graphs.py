"""Pictures of graphs that a public service draws: LangGraph sends the graph to mermaid.ink and waits for an image.

Where the picture is only shown, the step prints the graph's text instead, which needs no network and tells nobody.
"""

from __future__ import annotations

import ast

from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edit, Edits

DRAWS = "draw_mermaid_png"
SHOWS = {"display", "Image"}
REASON = "it sends the graph to a public service (mermaid.ink) and fails without network"


def print_drawn_graphs(program: Program, edits: Edits) -> list[Finding]:
    """Findings for every such picture; those that are only shown are printed as text."""
    findings = []
    for cell in program.cells:
        for node in cell.nodes:
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == DRAWS and not _draws_elsewhere(node):
                findings.append(_printed(cell, node, node.func, edits))
    return findings


def _draws_elsewhere(call: ast.Call) -> bool:
    """Whether it names a way of drawing that stays on the machine."""
    methods = [keyword.value for keyword in call.keywords if keyword.arg == "draw_method"]
    return any(not ast.unparse(method).endswith("API") for method in methods)


def _printed(cell: CodeCell, call: ast.Call, drawn: ast.Attribute, edits: Edits) -> Finding:
    shown: ast.AST = call
    while isinstance(parent := cell.parents.get(shown), ast.Call) and _name(parent.func) in SHOWS:
        shown = parent
    what = f"{DRAWS}(...)"
    if shown is not call and isinstance(cell.parents.get(shown), ast.Expr):
        text = f"print({cell.text(drawn.value)}.draw_mermaid())"
        assert isinstance(shown, ast.Call)
        if edits.add(Edit(cell.index, cell.span(shown), text)):
            return Finding("changed", "host", cell.index, call.lineno, f"{what} printed as text", REASON)
    remedy = "write the text of draw_mermaid() to a file, or draw with draw_method=MermaidDrawMethod.PYPPETEER"
    return Finding("refused", "host", cell.index, call.lineno, what, REASON, remedy)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
