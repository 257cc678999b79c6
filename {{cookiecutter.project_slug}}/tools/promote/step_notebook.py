"""Putting the promoted notebook together: parameters first, then what it imports, then the author's cells."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.promote.cells.shown_errors import shown_errors, with_tags
from tools.promote.inputs.parameters import TAG, FoundParameter, tagged_cell
from tools.promote.inputs.secrets import redact
from tools.promote.notebook.notebook_file import Notebook, finished_cells, promoted_metadata, source_of, with_source
from tools.promote.notebook.program import CodeCell, Program, read_cell
from tools.promote.notebook.quiet_end import ending_quietly
from tools.promote.notebook.splice import Edits

HELPERS = "app.orchestration.notebook"
PROMPT = "prompt"
PROMPT_ALIAS = "registry_prompt"
SURROUND = "use_door_environment"
# A file name with an ending, or a folder: `data/tickets.csv`, `../out/`; no host name.
PATH = re.compile(
    r"(\.{1,2}/|[\w\-]+/)*[\w\-. ]*[\w\-]\.(?!(com|org|net|io|ai)$)[A-Za-z][A-Za-z0-9]{0,6}"
    r"|(\.{1,2}/|[\w\-]+/)+[\w\-]*"
)
FILE_CALLS = {"open", "Path", "read_csv", "read_json", "read_parquet", "read_excel", "glob", "listdir"}


@dataclass(frozen=True)
class Assembled:
    """The step, and for each of its code cells that came from the original the number it had there."""

    notebook: Notebook
    origins: dict[int, int]


def prompt_helper(program: Program) -> str:
    """The name `prompt` gets in the step: another one when the notebook uses that name itself."""
    for cell in program.cells:
        for node in cell.nodes:
            named = getattr(node, "id", None) if isinstance(node, ast.Name) else getattr(node, "arg", None)
            defined = getattr(node, "name", None) if not isinstance(node, ast.alias) else node.asname or node.name
            if isinstance(node, ast.keyword):
                continue
            if PROMPT in (named, defined) or (isinstance(node, ast.Global | ast.Nonlocal) and PROMPT in node.names):
                return PROMPT_ALIAS
    return PROMPT


def uses_relative_paths(program: Program, edits: Edits) -> bool:
    """Whether the notebook names files by relative path, or runs shell commands."""
    for cell in program.cells:
        shell = [magic for magic in cell.masked.magics if magic.kind == "shell" or not cell.masked.python]
        if any(not edits.replaced(cell.index, cell.line_span(magic.line, magic.end_line)) for magic in shell):
            return True
        for node in cell.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and PATH.fullmatch(node.value):
                return True
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in FILE_CALLS:
                    return True
    return False


def import_cell(
    helpers: Sequence[str],
    prompt_name: str,
    imports: Sequence[str],
    *,
    needs_os: bool,
    cwd: str | None,
    surrounded: bool = False,
    folders: Sequence[str] = (),
) -> str:
    """The text of the inserted import cell; empty when the step needs nothing. `folders` are made where `cwd` leads.

    `surrounded`: clients of the notebook read the environment, which is pointed at the door before they are made.
    """
    helpers = [*helpers, *([SURROUND] if surrounded else [])]
    standard = ["import os"] if needs_os or cwd or folders else []
    plain = sorted(h for h in set(helpers) if h != PROMPT or prompt_name == PROMPT)
    own = [f"from {HELPERS} import {', '.join(plain)}"] if plain else []
    if PROMPT in helpers and prompt_name != PROMPT:
        own.append(f"from {HELPERS} import {PROMPT} as {prompt_name}")
    moved = [f"os.chdir({_quoted(cwd)})  # where the relative paths of this notebook start"] if cwd else []
    moved += [f"os.makedirs({_quoted(folder)}, exist_ok=True)  # into which this notebook writes" for folder in folders]
    pointed = [f"{SURROUND}()"] if surrounded else []
    groups = [standard, *([own, pointed, sorted(imports)] if surrounded else [sorted(imports), own]), moved]
    return "\n\n".join("\n".join(group) for group in groups if group)


def assemble(
    notebook: Notebook,
    program: Program,
    edits: Edits,
    parameters: Sequence[FoundParameter],
    imports: str,
    promoted: dict[str, Any],
) -> Assembled:
    """The step. Cells that an edit left empty go; everything else keeps its place."""
    by_index = {cell.index: cell for cell in program.cells}
    changed = set(edits.cells())
    cells: list[dict[str, Any]] = []
    origin: list[int | None] = []
    inserted = not any(cell["cell_type"] == "code" for cell in notebook.cells)
    tagged, shown = tagged_cell(notebook.cells), shown_errors(notebook.cells)
    for index, cell in enumerate(notebook.cells):
        text = _edited(by_index[index], edits) if index in changed else source_of(cell)
        if index == tagged and parameters:
            text = "\n".join([text.rstrip("\n"), *(parameter.code for parameter in parameters)])
        clean = redact(text)
        if index in changed:
            clean = _trimmed(clean, source_of(cell))
            if _empty(clean):
                continue
        if cell["cell_type"] == "code" and not inserted:
            inserted = True
            for new in _inserted([] if tagged is not None else parameters, imports):
                cells.append(new)
                origin.append(None)
        kept = with_source(cell, clean) if clean != source_of(cell) else cell
        cells.append(with_tags(kept, shown.get(index)))
        origin.append(index)
    if not inserted:
        cells += _inserted(parameters, imports)
        origin += [None] * (len(cells) - len(origin))
    step = notebook.with_cells(finished_cells(cells), promoted_metadata(promoted))
    origins = {new: old for new, old in enumerate(origin) if old is not None and cells[new]["cell_type"] == "code"}
    return Assembled(step, origins)


def check_parses(step: Notebook, name: str) -> None:
    """Raises Refused when a cell of the result does not parse: then nothing may be written."""
    for index, cell in enumerate(step.cells):
        if cell["cell_type"] == "code":
            read_cell(index, source_of(cell), f"{name} (as promote would write it)")


def relative_folder(source: Path, steps: Path) -> str | None:
    """The way from the steps' folder to the original's; None when they are the same."""
    way = Path(os.path.relpath(source.parent, steps)).as_posix()
    return None if way == "." else way


def _inserted(parameters: Sequence[FoundParameter], imports: str) -> list[dict[str, Any]]:
    new = []
    if parameters:
        text = "\n".join(parameter.code for parameter in parameters)
        new.append(_code(text, {"tags": [TAG]}))
    if imports:
        new.append(_code(imports, {}))
    return new


def _code(text: str, metadata: dict[str, Any]) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": metadata, "source": text.splitlines(keepends=True)}


def _edited(cell: CodeCell, edits: Edits) -> str:
    return ending_quietly(cell, edits.apply(cell))


def _trimmed(text: str, before: str) -> str:
    """Without the blank lines that a removal left at the start or the end of a cell."""
    if not before.startswith("\n"):
        text = text.lstrip("\n")
    return text if before.endswith("\n") else text.rstrip("\n")


def _empty(text: str) -> bool:
    """Nothing left to run: blank, or a cell magic with nothing under it."""
    left = [line for line in text.splitlines() if line.strip()]
    return not left or (len(left) == 1 and left[0].startswith(("%%capture", "%%bash", "%%sh", "%%time")))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
