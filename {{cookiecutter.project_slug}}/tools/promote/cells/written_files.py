"""Modules that a cell writes (`%%writefile agent.py`): they go into the file as they are, and are reported.

Their prompts are found by the prompt lint, as they will be once the file stands in the project. Their clients are not
rewritten: the environment that they read is pointed at the door.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tools.promote.clients import FAMILIES
from tools.promote.notebook.magics import split_lines
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edits
from tools.promote.rewiring.rewired import Rewired
from tools.prompt_lint import source
from tools.prompt_lint.configuration import Configuration
from tools.prompt_lint.inspection import check

WRITES = re.compile(r"%%(?:writefile|file)\s+(?:-a\s+)?(\S+\.py)\s*$")
RULE = "hardcoded_prompt"
REASON = "the cell writes the file as it is"
REMEDY = "add {0} to the project, where `python -m tools.prompt_lint --fix {0}` lifts it, and import it from there"


def surround(program: Program, rewired: Rewired) -> None:
    """Point the environment at the door where a written module imports a client that may read it."""
    for cell in program.cells:
        for file, line, text in _written(cell):
            family = next((f for path in _imports(text) for f in FAMILIES if f.constructors and f.owns(path)), None)
            if family is not None:
                rewired.surrounded = True
                what = f"clients of {family.name} in {file} take their address from the environment"
                rewired.changed(
                    cell, line, what, "it points at the gateway's door; what they name themselves counts more"
                )


def report_written(program: Program, edits: Edits) -> list[Finding]:
    """A finding for each prompt in a module that a cell writes; lines are those of the cell."""
    return [finding for cell in program.cells for finding in _prompts(cell, edits)]


def _written(cell: CodeCell) -> Iterator[tuple[str, int, str]]:
    """Name, line of the magic and text of the module a cell writes."""
    for magic in cell.masked.magics:
        written = WRITES.match(magic.text)
        if magic.kind == "cell" and written is not None:
            yield written[1], magic.line, "".join(split_lines(cell.source)[magic.line :])


def _imports(text: str) -> Iterator[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _prompts(cell: CodeCell, edits: Edits) -> Iterator[Finding]:
    for file, line, text in _written(cell):
        if edits.replaced(cell.index, cell.line_span(line, line)):
            continue
        for hit in check(source.module(text.encode("utf-8"), Path(file).name), Configuration(Path())):
            if hit.rule == RULE and hit.severity == "error":
                what = f"text of {len(hit.text)} characters stays in {file}"
                yield Finding("kept", "prompt", cell.index, line + hit.line, what, REASON, REMEDY.format(file))
