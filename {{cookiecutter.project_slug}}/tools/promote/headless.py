"""What a step cannot do with nobody watching: ask a person, use a notebook host's own library, run odd magics.

It reports; only imports that nothing needs any more are taken out.
"""

from __future__ import annotations

import ast
import re

from tools.promote.hosts import only_on_host
from tools.promote.magics import Magic
from tools.promote.outcome import Finding
from tools.promote.program import CodeCell, Program
from tools.promote.splice import Edits, removal
from tools.promote.unused_imports import still_read

HARMLESS = {
    "matplotlib", "load_ext", "reload_ext", "autoreload", "config", "time", "timeit", "capture", "env", "pylab", "cd",
    "precision", "prun", "who", "whos", "pwd", "dotenv", "writefile", "html", "HTML", "markdown", "latex", "svg",
    "javascript", "js", "python", "python3", "reset", "memit", "mprun", "tb", "xmode", "set_env", "ls", "cat", "mkdir",
}  # fmt: skip
HOSTS = ("google.colab", "dbutils", "kaggle_secrets", "IPython.core.debugger", "ipdb", "pdb")
ASKING = {"input", "getpass"}


def check_headless(program: Program, edits: Edits) -> list[Finding]:
    """Findings for everything that will not run in a pipeline; unused host imports are removed."""
    findings: list[Finding] = []
    for cell in program.cells:
        for magic in cell.masked.magics:
            finding = _magic(cell, magic, edits)
            if finding is not None:
                findings.append(finding)
        for node in ast.walk(cell.tree):
            if isinstance(node, ast.Call) and not edits.replaced(cell.index, cell.span(node)):
                findings += _asking(cell, node)
            elif isinstance(node, ast.ImportFrom | ast.Import):
                findings += _host_import(program, cell, node, edits)
    return findings


def _magic(cell: CodeCell, magic: Magic, edits: Edits) -> Finding | None:
    if edits.replaced(cell.index, cell.line_span(magic.line, magic.line)):
        return None
    first = magic.text.splitlines()[0][:60]
    if magic.kind == "help":
        return Finding("kept", "magic", cell.index, magic.line, first, "shows help, does nothing in a step")
    if magic.kind == "shell" or re.match(r"%%(bash|sh|script|!)", magic.text):
        reason = "a shell command"
        return Finding(
            "kept",
            "magic",
            cell.index,
            magic.line,
            first,
            reason,
            "see that its tools are there when the pipeline runs",
        )
    name = re.search(r"%+(\w+)", magic.text)
    if name is None or name.group(1) in HARMLESS:
        return None
    reason, remedy = "this magic needs its extension or a person", "replace it by Python"
    return Finding("refused", "magic", cell.index, magic.line, first, reason, remedy)


def _asking(cell: CodeCell, node: ast.Call) -> list[Finding]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name not in ASKING:
        return []
    reason, remedy = "a step has nobody to ask", "make it a top-level literal, which becomes a parameter"
    return [Finding("refused", "input", cell.index, node.lineno, cell.text(node)[:60], reason, remedy)]


def _host_import(program: Program, cell: CodeCell, node: ast.Import | ast.ImportFrom, edits: Edits) -> list[Finding]:
    paths = [f"{node.module}.{a.name}" if isinstance(node, ast.ImportFrom) else a.name for a in node.names]
    if not any(path == host or path.startswith(f"{host}.") for path in paths for host in HOSTS[:3]):
        return []
    if only_on_host(cell, node):
        return []
    names = {alias.asname or alias.name.split(".")[0] for alias in node.names}
    what = cell.text(node)
    if any(still_read(program, name, edits) for name in names):
        reason, remedy = "this library exists on the notebook host alone", "read the value from a file or a parameter"
        return [Finding("refused", "input", cell.index, node.lineno, what, reason, remedy)]
    edits.add(removal(cell, node))
    return [
        Finding("changed", "input", cell.index, node.lineno, f"{what} removed", "exists on the notebook host alone")
    ]
