"""Reading and writing `.ipynb` files as JSON, keeping the indentation and escaping each file came with.

Refuses what is no nbformat 4 notebook of Python: cut-off JSON, nbformat 3, other languages.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.promote.notebook.outcome import Refused

CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
HALF = re.compile("[\ud800-\udfff]")
# Kernels that name no language.
OTHER_KERNELS = {
    "ir": "R",
    "rust": "Rust",
    "javascript": "JavaScript",
    "deno": "TypeScript",
    "bash": "Bash",
    "scala": "Scala",
}
KERNELSPEC = {"display_name": "python3", "language": "python", "name": "python3"}


@dataclass
class Notebook:
    """A notebook and the way its file is written."""

    data: dict[str, Any]
    indent: int | str | None = 1
    ensure_ascii: bool = False
    final_newline: bool = True

    @property
    def cells(self) -> list[dict[str, Any]]:
        """The cells as they stand in the file."""
        cells: list[dict[str, Any]] = self.data["cells"]
        return cells

    def dump(self) -> str:
        """The file's text, in the style it was read in."""
        text = _escaped_halves(json.dumps(self.data, indent=self.indent, ensure_ascii=self.ensure_ascii))
        return text + "\n" if self.final_newline else text

    def code_text(self) -> list[str]:
        """The lines of all cells, each cell under a line that says what it is; for diffs."""
        lines = []
        for cell in self.cells:
            lines.append(f"# %% {cell['cell_type']}\n")
            lines += [f"{_escaped_halves(line)}\n" for line in source_of(cell).splitlines()]
        return lines

    def with_cells(self, cells: list[dict[str, Any]], metadata: dict[str, Any]) -> Notebook:
        """A notebook of the same style with other cells, nbformat 4.5."""
        data = {**self.data, "cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
        return Notebook(data, self.indent, self.ensure_ascii, self.final_newline)


def read(path: Path) -> Notebook:
    """The notebook at `path`. Raises Refused when it is not a readable nbformat 4 notebook of Python."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Refused(f"{path} cannot be read ({error.strerror}): give the path of a notebook") from None
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8 text: save it again from Jupyter") from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Notebook:
    """The notebook in `text`; `name` stands in messages."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise Refused(f"{name} is empty: restore the file or save it again") from None
        raise Refused(
            f"{name} is not complete JSON (line {error.lineno}: {error.msg}): restore the file or save it again"
        ) from None
    except RecursionError:
        raise Refused(f"{name} is nested too deeply to be a notebook: restore the file") from None
    except ValueError as error:
        raise Refused(f"{name} cannot be read as JSON ({error}): restore the file") from None
    if not isinstance(data, dict) or ("cells" not in data and "worksheets" not in data):
        raise Refused(f"{name} is JSON but no notebook: give the path of an .ipynb file")
    if data.get("nbformat") != 4 or "cells" not in data:
        found = data.get("nbformat") if "cells" in data else 3
        raise Refused(f"{name} has nbformat {found}: convert it with `jupyter nbconvert --to notebook`")
    _check_cells(data, name)
    _check_language(data, name)
    return Notebook(data, _indent(text), _escaped(text), text.endswith("\n"))


def source_of(cell: dict[str, Any]) -> str:
    """The text of a cell, whichever of the two forms it is stored in."""
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def with_source(cell: dict[str, Any], text: str) -> dict[str, Any]:
    """A copy of the cell with another text, stored in the form the cell had."""
    stored = text if isinstance(cell["source"], str) else text.splitlines(keepends=True)
    return {**copy.deepcopy(cell), "source": stored}


def fingerprint(notebook: Notebook) -> str:
    """SHA-256 over kinds and texts of the cells: outputs, counts and metadata do not change it."""
    cells = [[cell["cell_type"], source_of(cell)] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(cells, ensure_ascii=True).encode()).hexdigest()


def promoted_metadata(promoted: dict[str, Any]) -> dict[str, Any]:
    """Metadata of a step as `nbdev-clean` leaves it: kernel `python3`, and where the step came from."""
    return {"kernelspec": dict(KERNELSPEC), "promoted": promoted}


def finished_cells(cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cells without outputs and counts, each with a valid id that depends on its place and text alone."""
    seen: set[str] = set()
    finished = []
    for index, cell in enumerate(cells):
        kept = {key: value for key, value in cell.items() if key not in ("outputs", "execution_count", "id")}
        wanted = str(cell.get("id", ""))
        if not CELL_ID.fullmatch(wanted) or wanted in seen:
            wanted = _minted(index, source_of(cell), seen)
        seen.add(wanted)
        kept["id"] = wanted
        kept["metadata"] = {k: v for k, v in cell.get("metadata", {}).items() if k == "tags"}
        if cell["cell_type"] == "code":
            kept |= {"execution_count": None, "outputs": []}
        finished.append(dict(sorted(kept.items())))
    return finished


def _escaped_halves(text: str) -> str:
    """Halves of a character pair as JSON escapes, the only way a file can hold them: notebooks do, in prose and
    outputs. Code that holds one is refused where it is parsed."""
    return HALF.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _minted(index: int, source: str, seen: set[str]) -> str:
    attempt = 0
    while True:
        minted = hashlib.sha256(f"{index}:{attempt}:{source}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
        if minted not in seen:
            return minted
        attempt += 1


def _check_cells(data: dict[str, Any], name: str) -> None:
    cells = data.get("cells")
    if not isinstance(cells, list) or not cells:
        raise Refused(f"{name} has no cells: there is nothing to promote")
    if not any(_is_code(cell) for cell in cells):
        raise Refused(f"{name} has no code: there is nothing to promote")
    for index, cell in enumerate(cells):
        source = cell.get("source") if isinstance(cell, dict) else None
        lines = isinstance(source, list) and all(isinstance(line, str) for line in source)
        if not (isinstance(source, str) or lines) or cell.get("cell_type") not in ("code", "markdown", "raw"):
            raise Refused(f"{name}: cell {index} is damaged (no type or source): restore the file")
        if not isinstance(cell.get("metadata"), dict):
            cell["metadata"] = {}
        if not isinstance(cell["metadata"].get("tags", []), list):
            del cell["metadata"]["tags"]


def _is_code(cell: object) -> bool:
    """Whether there is anything to run in a cell; a damaged one counts, so that it is named as such."""
    if not isinstance(cell, dict) or cell.get("cell_type") not in ("markdown", "raw", "code"):
        return True
    source = cell.get("source")
    lines = source if isinstance(source, list) else [source]
    return bool(cell["cell_type"] == "code" and (source is None or any(str(line).strip() for line in lines)))


def _check_language(data: dict[str, Any], name: str) -> None:
    metadata = _mapping(data.get("metadata"))
    data["metadata"] = metadata
    kernel, language = _mapping(metadata.get("kernelspec")), _mapping(metadata.get("language_info"))
    if kernel.get("name") == "python2":
        raise Refused(f"{name} is Python 2: convert the notebook to Python 3")
    named = kernel.get("language") or language.get("name") or OTHER_KERNELS.get(str(kernel.get("name")))
    if named and not str(named).lower().startswith(("python", "ipython")):
        raise Refused(f"{name} is written in {named}: only Python notebooks can be promoted")


def _mapping(value: object) -> dict[str, Any]:
    """A mapping, or an empty one for anything a damaged file has in its place."""
    return value if isinstance(value, dict) else {}


def _indent(text: str) -> int | str | None:
    match = re.match(r"\s*\{\r?\n([ \t]*)", text)
    if match is None:
        return None
    return "\t" if match.group(1).startswith("\t") else len(match.group(1))


def _escaped(text: str) -> bool:
    return text.isascii() and re.search(r"\\u[0-9a-fA-F]{4}", text) is not None
