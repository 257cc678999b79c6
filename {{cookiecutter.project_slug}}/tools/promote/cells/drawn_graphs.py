"""Pictures of graphs that a public service draws: LangGraph sends the graph to mermaid.ink and waits for an image.

A compiled graph that ends a cell does the same to show itself. Where the picture is only shown, the step prints the
graph's text instead, which needs no network and tells nobody; where it is kept, the project draws that text.
"""

from __future__ import annotations

import ast

from tools.promote.cells.dependencies import Dependencies
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits

DRAWS = "draw_mermaid_png"
SHOWS = {"display", "Image"}
# Functions that make a compiled graph, besides the method `compile` of one that is being built.
MAKERS = {"create_react_agent", "create_agent", "create_deep_agent", "create_tool_calling_executor"}
PACKAGE = "pillow"
KEPT = "is a picture of the graph's text"
HELPER = "graph_picture"
IMPORT = f"from app.orchestration.{HELPER} import {HELPER}"
REASON = "it sends the graph to a public service (mermaid.ink) and fails without network"


def print_drawn_graphs(program: Program, edits: Edits, imports: set[str], dependencies: Dependencies) -> list[Finding]:
    """Findings for every such picture; those that are only shown are printed as text. `imports` gains what the others
    need, `dependencies` their package."""
    findings = []
    for cell in program.cells:
        for node in cell.nodes:
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr == DRAWS and not _draws_elsewhere(node):
                finding = _printed(cell, node, node.func, edits)
                if finding.what.endswith(KEPT):
                    imports.add(IMPORT)
                    dependencies.add(cell.index, node.lineno, PACKAGE)
                findings.append(finding)
    if any(path.split(".")[0] in ("langgraph", "deepagents") for path in program.names.imports.values()):
        findings += _shown_graphs(program, edits)
    return findings


def _shown_graphs(program: Program, edits: Edits) -> list[Finding]:
    """Compiled graphs that end a cell, or that are handed to `display`."""
    findings = []
    for cell in program.cells:
        for statement in (node for node in cell.nodes if isinstance(node, ast.Expr)):
            shown = statement.value
            if isinstance(shown, ast.Call) and _name(shown.func) == "display" and len(shown.args) == 1:
                shown = shown.args[0]
            elif statement is not cell.tree.body[-1] or _is_silent(cell, statement):
                continue
            text = f"print({cell.text(shown)}.get_graph().draw_mermaid())"
            if _is_graph(program, shown) and edits.add(Edit(cell.index, cell.span(statement.value), text)):
                what = f"{cell.text(shown)[:60]}, shown as a picture, printed as text"
                findings.append(Finding("changed", "host", cell.index, statement.lineno, what, REASON))
    return findings


def _is_graph(program: Program, shown: ast.expr) -> bool:
    """Whether an expression is a compiled graph: made on the spot, or a name that is given nothing else."""
    if isinstance(shown, ast.Name):
        values = [binding.value for binding in program.names.bindings.get(shown.id, ())]
        return bool(values) and all(value is not None and _makes_graph(program, value) for value in values)
    return _makes_graph(program, shown)


def _makes_graph(program: Program, value: ast.expr) -> bool:
    if not isinstance(value, ast.Call):
        return False
    built = isinstance(value.func, ast.Attribute) and value.func.attr == "compile"
    return _name(value.func) in MAKERS or (built and program.dotted(value.func) is None)  # not `re.compile`


def _is_silent(cell: CodeCell, statement: ast.stmt) -> bool:
    """Whether a semicolon keeps the cell from showing its last value."""
    return cell.encoded[cell.span(statement).end :].lstrip().startswith(b";")


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
    given: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    if not given:
        changes = [Edit(cell.index, Span(cell.span(drawn.value).end, cell.span(call).end), ")")]
    else:
        begins = min(cell.span(argument).start for argument in given)
        changes = [Edit(cell.index, Span(cell.span(drawn.value).end, begins), ", ")]
    start = cell.span(call).start
    changes.append(Edit(cell.index, Span(start, start), f"{HELPER}("))
    if edits.add_all(changes):
        return Finding("changed", "host", cell.index, call.lineno, f"{what} {KEPT}", REASON)
    remedy = "write the text of draw_mermaid() to a file, or draw with draw_method=MermaidDrawMethod.PYPPETEER"
    return Finding("refused", "host", cell.index, call.lineno, what, REASON, remedy)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
