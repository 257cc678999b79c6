"""Places where an author left everybody to fill in their own: `os.environ["KEY"] = <your-api-key>`.

No Python as it stands, in otherwise sound notebooks. Written as a text, and reported; a cell that does not parse even
then is left as it is. So are f-strings that only a later Python reads.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tools.promote.notebook.magics import mask
from tools.promote.notebook.notebook_file import Notebook, source_of, with_source
from tools.promote.notebook.older_fstrings import older
from tools.promote.notebook.outcome import Finding

IN_BRACKETS = re.compile(
    r"""^([^#'"<>\n]*(?:['"][^'"\n]*['"][^#'"<>\n]*)*[=(,]\s*)(<[^<>"'\n=]{2,80}>)(?=\s*[,)\]}]*\s*(?:#.*)?$)"""
)
NOTHING = re.compile(r"^(\s*[A-Za-z_][\w.]*(?:\[[^\]\n]+\])?\s*=)[ \t]*(?=(?:#.*)?$)")
NEWER = "the quotes or backslashes within its braces need Python 3.12"
REASON = "what stood there is no Python until somebody fills it in"


def fill_in(notebook: Notebook) -> tuple[Notebook, list[Finding]]:
    """The notebook with its placeholders as texts, and a finding for each; the same notebook when it has none."""
    cells: list[dict[str, Any]] = []
    findings: list[Finding] = []
    for index, cell in enumerate(notebook.cells):
        text = source_of(cell)
        if cell["cell_type"] == "code" and not _parses(text):
            readable = older(text)
            findings += _rewritten(index, text, readable)
            filled = _filled(readable)
            findings += _findings(index, readable, filled)
            cell = with_source(cell, filled) if filled != text else cell
        cells.append(cell)
    return (replace(notebook, data={**notebook.data, "cells": cells}), findings) if findings else (notebook, [])


def _rewritten(index: int, text: str, readable: str) -> Iterator[Finding]:
    for number, (before, after) in enumerate(zip(text.split("\n"), readable.split("\n"), strict=True), start=1):
        if before != after:
            yield Finding("changed", "syntax", index, number, "an f-string written for Python 3.11, too", NEWER)


def _filled(text: str) -> str:
    """The first way of filling in that makes a cell of Python; the text itself when there is none."""
    if _parses(text):
        return text
    return next((attempt for attempt in _attempts(text) if attempt != text and _parses(attempt)), text)


def _attempts(text: str) -> Iterator[str]:
    lines = text.split("\n")
    quoted = [IN_BRACKETS.sub(r'\1"\2"', line) for line in lines]
    yield "\n".join(quoted)
    yield "\n".join(NOTHING.sub(_empty, line) for line in quoted)


def _empty(match: re.Match[str]) -> str:
    return f'{match.group(1)} ""' + ("  " if match.end() < len(match.string) else "")


def _findings(index: int, text: str, filled: str) -> Iterator[Finding]:
    for number, (before, after) in enumerate(zip(text.split("\n"), filled.split("\n"), strict=True), start=1):
        if before != after:
            match = IN_BRACKETS.match(before)
            what = f"{match.group(2)} written as a text" if match else "an empty text put where nothing stood"
            yield Finding("changed", "placeholder", index, number, what, REASON, "give it a value if the step needs it")


def _parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(mask(text).text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
