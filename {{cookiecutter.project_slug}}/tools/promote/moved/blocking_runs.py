"""`Runner.run_sync(...)` of OpenAI's Agents SDK, which refuses to run where an event loop is running, as in a notebook.

Its earlier versions could be talked into it by `nest_asyncio`. At the top of a cell it is `await Runner.run(...)`,
which asks the same; the notebook that is compared is run with the same change. Inside a function that is not `async`
it stays.
"""

from __future__ import annotations

import ast

from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import Program, Span
from tools.promote.notebook.splice import Edit, Edits

BLOCKING = ("agents.Runner.run_sync", "agents.run.Runner.run_sync")
REASON = "it refuses to block where an event loop is running, as in a notebook; what is asked is the same"
# What makes a scope of its own, in which nothing can be awaited.
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp, ast.ClassDef)


def await_runs(program: Program, edits: Edits) -> list[Finding]:
    """Exchange every such call at the top of a cell or in an `async` function."""
    findings = []
    for cell, call in program.calls():
        if program.dotted(call.func) not in BLOCKING or not isinstance(call.func, ast.Attribute):
            continue
        scope = next((node for node in cell.above(call) if isinstance(node, SCOPES)), None)
        if scope is not None and not isinstance(scope, ast.AsyncFunctionDef):
            continue
        span, end = cell.span(call), cell.span(call.func).end
        changes = [
            Edit(cell.index, Span(span.start, span.start), "(await "),
            Edit(cell.index, Span(end - len(call.func.attr), end), "run"),
            Edit(cell.index, Span(span.end, span.end), ")"),
        ]
        if edits.add_all(changes):
            what = f"{cell.text(call.func)}(...) is awaited"
            findings.append(Finding("changed", "call", cell.index, call.lineno, what, REASON))
    return findings
