"""A notebook host's own library: Colab's and Kaggle's helpers, which exist where a person sits and nowhere else.

What only logs in or shows something goes; what reads a person's files is refused; what asks first whether it is on
the host is left alone, for in a pipeline it never runs.
"""

from __future__ import annotations

import ast

from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edits, removal
from tools.promote.rewiring.unused_imports import still_read

HOSTS = ("google.colab", "dbutils", "kaggle_secrets")
# Calls that log a person in or show something to one.
POINTLESS = ("auth.", "output.", "data_table.", "files.download", "files.view", "widgets.", "drive.flush_and_unmount")
IMPORT_FAULTS = {"ImportError", "ModuleNotFoundError", "Exception"}


def check_host_library(program: Program, edits: Edits) -> list[Finding]:
    """Findings for the host's library; its pointless calls and unused imports are removed."""
    findings: list[Finding] = []
    for cell in program.cells:
        for node in cell.nodes:
            if isinstance(node, ast.Expr) and not guarded(cell, node):
                findings += _pointless(program, cell, node, edits)
    for cell in program.cells:
        for node in cell.nodes:
            if isinstance(node, ast.ImportFrom | ast.Import):
                findings += _import(program, cell, node, edits)
    return findings


def _pointless(program: Program, cell: CodeCell, node: ast.Expr, edits: Edits) -> list[Finding]:
    call = node.value.value if isinstance(node.value, ast.Await) else node.value
    dotted = program.dotted(call.func) if isinstance(call, ast.Call) else None
    if dotted is None or not dotted.startswith("google.colab."):
        return []
    if not dotted.removeprefix("google.colab.").startswith(POINTLESS) or not edits.add(removal(cell, node)):
        return []
    assert isinstance(call, ast.Call)
    reason = "it logs a person in or shows something to one, on the notebook host alone"
    return [Finding("changed", "host", cell.index, node.lineno, f"{cell.text(call.func)}(...) removed", reason)]


def _import(program: Program, cell: CodeCell, node: ast.Import | ast.ImportFrom, edits: Edits) -> list[Finding]:
    paths = [f"{node.module}.{a.name}" if isinstance(node, ast.ImportFrom) else a.name for a in node.names]
    if not any(path == host or path.startswith(f"{host}.") for path in paths for host in HOSTS):
        return []
    what = cell.text(node)
    if guarded(cell, node):
        reason = "it asks first whether it is on that host, so a pipeline never runs it"
        return [Finding("kept", "host", cell.index, node.lineno, what, reason)]
    names = {alias.asname or alias.name.split(".")[0] for alias in node.names}
    if any(still_read(program, name, edits) for name in names):
        reason, remedy = "this library exists on the notebook host alone", "read the value from a file or a parameter"
        return [Finding("refused", "input", cell.index, node.lineno, what, reason, remedy)]
    if not edits.add(removal(cell, node)):
        return []
    return [Finding("changed", "host", cell.index, node.lineno, f"{what} removed", "exists on the notebook host alone")]


def guarded(cell: CodeCell, node: ast.stmt) -> bool:
    """Whether code above asks for the host, or tries the import and goes on without it."""
    below: ast.AST = node
    for above in cell.above(node):
        if isinstance(above, ast.If) and below in above.body and "colab" in ast.unparse(above.test).lower():
            return True
        if isinstance(above, ast.Try) and below in above.body and any(_catches(h) for h in above.handlers):
            return True
        below = above
    return False


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(getattr(node, "id", "") in IMPORT_FAULTS for node in ast.walk(handler.type))
