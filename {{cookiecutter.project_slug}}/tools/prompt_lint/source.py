"""Reads one .py or .ipynb file into cells with syntax trees whose lines are the lines a person sees.

It never runs or changes what it reads. What cannot be parsed is reported and the rest goes on; a notebook in another
language, or a file that is no notebook at all, is a note, not a crash.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
import tokenize
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from tools.prompt_lint.masking import mask

_SALVAGE_TRIES = 5
_UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
_MAGIC = re.compile(r"(?:^|\n)[ \t]*[%!?]|=[ \t]*[%!]|\?[ \t]*(?:\n|$)")
_BARE_COMMANDS = ("pip ", "pip3 ", "conda ", "apt", "npm ", "git ", "curl ", "wget ", "cd ", "ls ", "mkdir ")
_F_PREFIX = re.compile(r"(?<![\w\"'])(?:[fF]|[fF][rR]|[rR][fF])(?=[\"'])")
_PYTHON = re.compile(r"^(?:i?python\d*(?:[._ -]?\d+)*|pyspark|sage|coconut|xpython|xeus.*python.*)$", re.IGNORECASE)


@dataclass(slots=True)
class Cell:
    """A piece of code with its own line numbers. `index` is None for the whole of a .py file."""

    index: int | None
    code: str
    tree: ast.Module | None = None


@dataclass(slots=True)
class Trouble:
    """What could not be read: where, and why in one line."""

    cell: int | None
    line: int
    why: str


@dataclass(slots=True)
class Source:
    """One file as cells, with what could not be read of it. `language` is empty for Python."""

    path: str
    cells: list[Cell] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    language: str = ""

    @property
    def is_notebook(self) -> bool:
        return self.path.endswith(".ipynb")

    def parse(self) -> None:
        """Give every cell its tree; a cell that does not parse becomes a trouble and keeps what could be saved."""
        for cell in self.cells:
            cell.tree = self._parsed(cell)

    def _parsed(self, cell: Cell) -> ast.Module | None:
        code: str | None = cell.code
        if self.is_notebook and _needs_mask(cell.code):
            code = mask(cell.code)
        if code is None:
            return None
        try:
            return ast.parse(code)
        except _UNPARSABLE as error:
            first = error
        if "f-string" in _why(first):
            with contextlib.suppress(*_UNPARSABLE):
                return ast.parse(_F_PREFIX.sub(_plain_prefix, code))
        self.troubles.append(Trouble(cell.index, getattr(first, "lineno", None) or 1, _why(first)))
        return _salvaged(code, first)


def _plain_prefix(prefix: re.Match[str]) -> str:
    """An f-string of a newer Python is read as the plain literal it is written as, its holes as `{name}`."""
    return "u" if len(prefix[0]) == 1 else "r "


def _needs_mask(code: str) -> bool:
    if ("%" in code or "!" in code or "?" in code) and _MAGIC.search(code):
        return True
    return any(command in code for command in _BARE_COMMANDS)


def _why(error: BaseException) -> str:
    return (error.msg if isinstance(error, SyntaxError) else str(error)) or type(error).__name__


def _salvaged(code: str, error: BaseException) -> ast.Module | None:
    """The tree of the code with the lines that do not parse blanked, or None after a few tries."""
    lines = code.split("\n")
    for _ in range(_SALVAGE_TRIES):
        at = (getattr(error, "lineno", None) or 0) - 1
        if not isinstance(error, SyntaxError) or not 0 <= at < len(lines) or not lines[at].strip():
            return None
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        lines[at] = "" if isinstance(error, IndentationError) else indent + "pass"
        try:
            return ast.parse("\n".join(lines))
        except _UNPARSABLE as again:
            error = again
    return None


def read(path: Path, name: str) -> Source:
    """Read `path` without parsing it; `name` is how findings call it. Raises OSError when it cannot be opened."""
    if name.endswith(".ipynb"):
        return notebook(path.read_bytes(), name)
    return module(path.read_bytes(), name)


def module(content: bytes, name: str) -> Source:
    """A .py file as one cell without index."""
    source = Source(name)
    try:
        source.cells.append(Cell(None, decoded(content)))
    except (UnicodeDecodeError, SyntaxError, LookupError) as error:
        source.troubles.append(Trouble(None, 1, f"not text in its declared encoding ({_why(error)})"))
    return source


def decoded(content: bytes) -> str:
    """The text of a Python file by its coding line or BOM."""
    if content.startswith(b"\xef\xbb\xbf") or b"coding" in content[:400]:
        encoding, _ = tokenize.detect_encoding(BytesIO(content).readline)
        return content.decode(encoding)
    return content.decode("utf-8")


def notebook(content: bytes, name: str) -> Source:
    """A notebook's code cells, nbformat 3 and 4."""
    source = Source(name)
    try:
        document = json.loads(content.decode("utf-8-sig")) if content.strip() else {}
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        source.troubles.append(Trouble(None, line, f"not a notebook: not valid JSON ({error})"))
        return source
    cells = _cells(document)
    if cells is None:
        source.troubles.append(Trouble(None, 1, "not a notebook: it has no list of cells"))
        return source
    source.language = _foreign_language(document)
    if not source.language:
        for index, cell in enumerate(cells):
            code = _code(cell)
            if code.strip():
                source.cells.append(Cell(index, code))
    return source


def _cells(document: Any) -> list[Any] | None:
    if not isinstance(document, dict):
        return None
    cells = document.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = document.get("worksheets")
    if isinstance(sheets, list):
        return [c for s in sheets if isinstance(s, dict) for c in (s.get("cells") or [])]
    return [] if not document or "nbformat" in document else None


def _code(cell: Any) -> str:
    if not isinstance(cell, dict) or cell.get("cell_type") != "code":
        return ""
    text = cell.get("source", cell.get("input", ""))
    if isinstance(text, list):
        text = "".join(part for part in text if isinstance(part, str))
    return text if isinstance(text, str) else ""


def _foreign_language(document: dict[str, Any]) -> str:
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        return ""
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        about = metadata.get(part)
        name = about.get(key) if isinstance(about, dict) else None
        if isinstance(name, str) and name:
            return "" if _PYTHON.match(name.strip()) else name
    return ""
