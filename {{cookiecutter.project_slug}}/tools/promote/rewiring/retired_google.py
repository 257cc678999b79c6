"""Google's retired SDKs: where a notebook uses of them only what we stand in for, their imports become ours."""

from __future__ import annotations

import ast

from tools.promote.clients.google import LEGACY, MODULE, STANDING_IN
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import Program
from tools.promote.notebook.splice import Edit, Edits
from tools.promote.rewiring.rewired import Rewired

TYPES = "types"
ASKING = (".GenerativeModel", ".embed_content")


def stand_in(program: Program, edits: Edits, rewired: Rewired) -> bool:
    """Exchange the imports of the retired SDKs. False, with nothing changed, when something else of them is used."""
    calls = [(cell, call) for cell, call in program.calls() if _asks(program.dotted(call.func) or "")]
    if any(_given_tools(call) for _, call in calls):
        return False
    imports = [
        (cell, node)
        for cell in program.cells
        for node in cell.nodes
        if isinstance(node, ast.Import | ast.ImportFrom) and _imports_retired(node)
    ]
    new = [(cell, node, _replacement(program, node)) for cell, node in imports]
    if not new or not all(text for _, _, text in new):
        return False
    for cell, node, text in new:
        edits.add(Edit(cell.index, cell.span(node), text or ""))
        if not calls:  # a key is set, and another library asks the model
            what = f"{cell.text(node)} is ours, which keeps no key"
            rewired.findings.append(Finding("changed", "import", cell.index, node.lineno, what, "its SDK is retired"))
    for cell, call in calls:
        rewired.changed(
            cell, call.lineno, f"{cell.text(call.func)}(...) goes through the gateway's door",
            "its SDK is retired; the project has something that stands for it",
        )  # fmt: skip
    return True


def _asks(dotted: str) -> bool:
    return LEGACY.owns(dotted) and dotted.endswith(ASKING)


def _given_tools(call: ast.Call) -> bool:
    return any(keyword.arg in ("tools", "tool_config", "cached_content") for keyword in call.keywords)


def _imports_retired(node: ast.Import | ast.ImportFrom) -> bool:
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        return LEGACY.owns(module) or (module == "google" and any(a.name == "generativeai" for a in node.names))
    return any(LEGACY.owns(alias.name) for alias in node.names)


def _replacement(program: Program, node: ast.Import | ast.ImportFrom) -> str | None:
    """The import of ours for one of theirs, None when it brings something we have not."""
    package, _, module = MODULE.rpartition(".")
    if isinstance(node, ast.ImportFrom) and node.module != "google":
        if any(alias.name not in STANDING_IN for alias in node.names):
            return None
        names = ", ".join(a.name + (f" as {a.asname}" if a.asname else "") for a in node.names)
        return f"from {MODULE} import {names}"
    if len(node.names) != 1:
        return None
    local = node.names[0].asname or node.names[0].name
    if "." in local or not _attributes(program, local) <= STANDING_IN:
        return None
    return f"from {package} import {module} as {local}"


def _attributes(program: Program, local: str) -> set[str]:
    """What is read of a module, and of its `types`, which has the same names."""
    read: set[str] = set()
    for cell in program.cells:
        for node in cell.nodes:
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == local:
                above = cell.parents.get(node)
                inner = node.attr == TYPES and isinstance(above, ast.Attribute)
                read.add(above.attr if inner and isinstance(above, ast.Attribute) else node.attr)
    return read
