"""Arguments of sampling that Anthropic's present SDK takes no more, and its protocol does: sent in `extra_body`.

`client.messages.create(temperature=0, ...)` ends in a TypeError before anything is asked. The request is the same as it
was, so the notebook that is compared is run with the same change.
"""

from __future__ import annotations

import ast
import re

from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits

GONE = ("temperature", "top_p", "top_k")
CALLS = re.compile(r".*(?<!threads)\.messages\.(?:create|stream)")
REASON = "Anthropic's SDK takes it no more; the request that is sent is the same"


def send_sampling(program: Program, edits: Edits) -> list[Finding]:
    """Move the arguments of every call that names them; those in a dictionary handed on whole are left."""
    if not any(path.partition(".")[0] == "anthropic" for path in program.names.imports.values()):
        return []
    findings = []
    for cell, call in program.calls():
        given = [keyword for keyword in call.keywords if keyword.arg in GONE]
        if given and CALLS.fullmatch(ast.unparse(call.func)) and move_into_body(cell, call, given, edits):
            what = f"{', '.join(str(keyword.arg) for keyword in given)} sent in extra_body"
            findings.append(Finding("changed", "argument", cell.index, given[0].value.lineno, what, REASON, ""))
    return findings


def move_into_body(cell: CodeCell, call: ast.Call, given: list[ast.keyword], edits: Edits) -> bool:
    """Put keywords of a call into its `extra_body`; False, with nothing changed, where that cannot be."""
    entries = ", ".join(f'"{keyword.arg}": {cell.text(keyword.value)}' for keyword in given)
    body = next((keyword.value for keyword in call.keywords if keyword.arg == "extra_body"), None)
    changes = []
    if body is None:
        changes.append(Edit(cell.index, cell.span(given[0]), f"extra_body={{{entries}}}"))
        given = given[1:]
    elif isinstance(body, ast.Dict):
        begins = cell.span(body).start + 1
        changes.append(Edit(cell.index, Span(begins, begins), entries + (", " if body.keys else "")))
    else:
        return False
    for keyword in given:
        before = _end_before(cell, call, keyword)
        if before is None:
            return False
        changes.append(Edit(cell.index, Span(before, cell.span(keyword).end), ""))
    return edits.add_all(changes)


def _end_before(cell: CodeCell, call: ast.Call, keyword: ast.keyword) -> int | None:
    """Where the argument before this one ends; None for the first."""
    start = cell.span(keyword).start
    others: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    return max((cell.span(other).end for other in others if cell.span(other).end <= start), default=None)
