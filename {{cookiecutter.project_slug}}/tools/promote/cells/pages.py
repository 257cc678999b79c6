"""Pages of Gradio that wait for visitors: nobody visits a step, and a process that holds one open does not end.

The page is built as before and not opened; its functions are what a step keeps. Settings that Gradio 6 has no more, and
that say what it does anyway, go. The notebook that is compared is run with the same changes.
"""

from __future__ import annotations

import ast

from tools.promote.moved.homes import has_major
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits, removal

OPENS = "launch"
REASON = "it opens a page that waits for visitors, and a step has none"
# Messages are the only form of a conversation since Gradio 6.
GONE = {"gradio.ChatInterface": {"type": "messages"}, "gradio.Chatbot": {"type": "messages"}}


def leave_pages_closed(program: Program, edits: Edits) -> list[Finding]:
    """Findings for every page that is opened or built with a setting that is gone."""
    if not any(path.partition(".")[0] == "gradio" for path in program.names.imports.values()):
        return []
    findings = []
    for cell, call in program.calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr == OPENS and _is_page(program, call.func.value):
            findings += _closed(cell, call, call.func.value, edits)
        for keyword in call.keywords:
            findings += _without_setting(program, cell, call, keyword, edits)
    return findings


def _is_page(program: Program, receiver: ast.expr) -> bool:
    """`demo`, `gr.ChatInterface(chat)`, `demo.queue()`; nothing of another library."""
    root: ast.expr = receiver
    while isinstance(root, ast.Call | ast.Attribute):
        if isinstance(root, ast.Attribute) and not isinstance(root.value, ast.Name | ast.Call):
            return False
        root = root.func if isinstance(root, ast.Call) else root.value
    if not isinstance(root, ast.Name):
        return False
    imported = program.names.imports.get(root.id)
    return not isinstance(receiver, ast.Attribute) if imported is None else imported.partition(".")[0] == "gradio"


def _closed(cell: CodeCell, call: ast.Call, page: ast.expr, edits: Edits) -> list[Finding]:
    what = f"{cell.text(page).splitlines()[0][:50]}.{OPENS}(...)"
    statement = cell.parents.get(call)
    if not isinstance(statement, ast.Expr):
        remedy = "call the function that the page shows, and promote again"
        return [Finding("refused", "input", cell.index, call.lineno, what, REASON, remedy)]
    opened = Edit(cell.index, Span(cell.span(page).end, cell.span(call).end), "")
    change = removal(cell, statement) if isinstance(page, ast.Name) else opened
    if not edits.add(change):
        return []
    return [Finding("changed", "host", cell.index, call.lineno, f"{what} removed", REASON)]


def _without_setting(
    program: Program, cell: CodeCell, call: ast.Call, keyword: ast.keyword, edits: Edits
) -> list[Finding]:
    gone = GONE.get(program.dotted(call.func) or "", {})
    if keyword.arg not in gone or not has_major("gradio", 6):
        return []
    if not isinstance(keyword.value, ast.Constant) or keyword.value.value != gone[keyword.arg]:
        return []
    if not edits.add(Edit(cell.index, _with_comma(cell, call, keyword), "")):
        return []
    reason = "Gradio has that setting no more, and does so anyway"
    what = f"{cell.text(keyword)} removed"
    return [Finding("changed", "argument", cell.index, keyword.value.lineno, what, reason)]


def _with_comma(cell: CodeCell, call: ast.Call, keyword: ast.keyword) -> Span:
    """A keyword with the comma before it, or behind it where it is the first."""
    given: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    spans = [cell.span(argument) for argument in given]
    own = cell.span(keyword)
    before = [span.end for span in spans if span.end <= own.start]
    behind = [span.start for span in spans if span.start >= own.end]
    if before:
        return Span(max(before), own.end)
    return Span(own.start, min(behind, default=own.end))
