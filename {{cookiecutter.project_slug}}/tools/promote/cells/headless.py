"""What a step cannot do with nobody watching: ask a person in the middle, wait for a widget, run odd magics.

It reports and changes nothing.
"""

from __future__ import annotations

import ast
import re

from tools.promote.cells.magic_lines import check_magic
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, FunctionNode, Program, spelled
from tools.promote.notebook.splice import Edits

ASKING = {"input", "getpass"}
# Options by which agent frameworks ask a person in the middle of a run.
ASKING_OPTIONS = {
    ("human_input_mode", "ALWAYS"): 'set human_input_mode="NEVER"',
    ("human_input_mode", "TERMINATE"): 'set human_input_mode="NEVER"',
    ("human_input", "True"): "set human_input=False",
}
DEBUGGERS = {"pdb.set_trace", "ipdb.set_trace", "IPython.core.debugger.set_trace", "IPython.embed"}
# Widgets that hold a value a person sets, and the calls that wait for one.
WIDGETS = re.compile(
    r"ipywidgets\.(.*\.)?(interact\w*|\w*(Slider|Text|Textarea|Dropdown|Checkbox|RadioButtons|Select\w*|Button\w*|Picker"
    r"|Upload|Combobox|Password|Int|Float))"
)


def check_headless(program: Program, edits: Edits) -> list[Finding]:
    """Findings for everything that will not run in a pipeline as it did before a person."""
    findings: list[Finding] = []
    for cell in program.cells:
        for magic in cell.masked.magics:
            finding = check_magic(cell, magic, edits)
            if finding is not None:
                findings.append(finding)
        for node in cell.nodes:
            if isinstance(node, ast.Call) and not edits.replaced(cell.index, cell.span(node)):
                findings += [*_asking(program, cell, node), *_waiting(program, cell, node)]
                findings += _configured(program, cell, node)
    return findings


def _asking(program: Program, cell: CodeCell, node: ast.Call) -> list[Finding]:
    if spelled(node.func) != "getpass.getpass" and not _asks(program, cell, node.func):
        return []
    reason = "a step has nobody to ask"
    remedy = "ask once at top level, which becomes a parameter, or take the inputs from a list"
    return [Finding("refused", "input", cell.index, node.lineno, cell.text(node)[:60], reason, remedy)]


def _waiting(program: Program, cell: CodeCell, node: ast.Call) -> list[Finding]:
    """Widgets and debuggers: a step goes on without the person they wait for, or stops for good."""
    dotted = program.dotted(node.func) or spelled(node.func)
    what = f"{dotted}(...)"
    if WIDGETS.fullmatch(dotted):
        reason = "nobody sets a widget in a step: it keeps the value it starts with"
        remedy = "make that value a top-level literal, which becomes a parameter, and call its handler"
        return [Finding("refused", "widget", cell.index, node.lineno, what, reason, remedy)]
    if dotted in DEBUGGERS or dotted == "breakpoint":
        reason, remedy = "a debugger waits for a person", "remove the line"
        return [Finding("refused", "input", cell.index, node.lineno, what, reason, remedy)]
    return []


def _asks(program: Program, cell: CodeCell, node: ast.expr) -> bool:
    """Whether it is `input` or `getpass` itself, and no value of the notebook's own of that name."""
    if not isinstance(node, ast.Name) or node.id not in ASKING:
        return False
    if any(not isinstance(b.node, ast.Import | ast.ImportFrom) for b in program.names.bindings.get(node.id, ())):
        return False
    functions = [above for above in cell.above(node) if isinstance(above, FunctionNode | ast.Lambda)]
    own = {
        inner.arg if isinstance(inner, ast.arg) else inner.id
        for function in functions
        for inner in ast.walk(function)
        if isinstance(inner, ast.arg) or (isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store))
    }
    return node.id not in own


def _configured(program: Program, cell: CodeCell, node: ast.Call) -> list[Finding]:
    """Frameworks told to ask a person, and `input` handed to something that will call it."""
    findings = []
    for keyword in node.keywords:
        value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        remedy = ASKING_OPTIONS.get((keyword.arg or "", str(value)))
        if remedy:
            what = f"{keyword.arg}={value!r}"
            reason = "a step has nobody to ask"
            findings.append(Finding("refused", "input", cell.index, keyword.value.lineno, what, reason, remedy))
    for given in [*node.args, *(keyword.value for keyword in node.keywords)]:
        if isinstance(given, ast.Name) and _asks(program, cell, given):
            what, reason = f"{given.id} is handed on", "whoever calls it has nobody to ask"
            remedy = "hand on a function that gives the answer"
            findings.append(Finding("refused", "input", cell.index, given.lineno, what, reason, remedy))
    return findings
