"""Masking what IPython reads and Python does not, so that a cell can be parsed.

The masked copy has the same number of lines, and every piece of Python in it stands at its own line and column.
It is for parsing only: edits are made to the author's text.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Literal

PYTHON_CELL_MAGICS = {"time", "timeit", "capture", "prun", "python", "python3", "pypy", "debug", "memit", "mprun"}
ASSIGNED = re.compile(r"^(\s*[A-Za-z_][\w.\[\]'\", ]*=\s*)([!%])(?![=])")
INSTALL_WORDS = re.compile(r"^\s*(pip3?|conda|mamba|uv)\s+(?:--?[\w-]+\s+)*(install|pip|add)\b")
# Magics that IPython takes without their `%` where they are no Python: `cd ..`, `run helpers.py`.
AUTOMATIC = re.compile(r"^\s*(cd|ls|cat|cp|mv|rm|mkdir|rmdir|load_ext|matplotlib|run|env|conda|pip)\s+[^\s=(\[,].*$")
HELP = re.compile(r"^\s*(\?{1,2}\s*[\w.%*]+|[\w.%*\[\]()'\"]+\?{1,2})\s*;?\s*$")
TIMED = re.compile(r"^(\s*)(%time(?:it)?)(\s+)(?!-)(\S.*)$")

Kind = Literal["line", "shell", "cell", "help"]


@dataclass(frozen=True)
class Magic:
    """One line (or, for kind `cell`, one whole cell) that is not Python. `line` and `end_line` count from 1."""

    kind: Kind
    line: int
    end_line: int
    text: str


@dataclass(frozen=True)
class Masked:
    """A parseable copy of a cell. `shift` holds the bytes removed from the start of each line."""

    text: str
    magics: tuple[Magic, ...]
    shift: tuple[int, ...]
    python: bool = True


def split_lines(source: str) -> list[str]:
    """Lines with their ends, split only where Python's tokenizer splits."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", source)


def mask(source: str) -> Masked:
    """The parseable copy of a cell and what was masked in it."""
    lines = split_lines(source)
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return Masked(source, (), (0,) * len(lines))
    magics: list[Magic] = []
    if lines[first].startswith("%%"):
        name = re.match(r"%%(\w*)", lines[first])
        python = name is not None and name.group(1) in PYTHON_CELL_MAGICS
        magics.append(Magic("cell", first + 1, len(lines), lines[first].strip()))
        if not python:
            return Masked("".join(_end(line) for line in lines), tuple(magics), (0,) * len(lines), python=False)
        lines = [_end(line) if i == first else line for i, line in enumerate(lines)]
    lines, shift = _dedented(lines)
    _mask_lines(lines, magics)
    return Masked("".join(lines), tuple(magics), shift)


def _mask_lines(lines: list[str], magics: list[Magic]) -> None:
    """Mask in place every magic that stands where a statement starts."""
    state = _Lexer()
    index = 0
    while index < len(lines):
        line = lines[index]
        found = _magic_kind(line) if state.at_statement else None
        if found is None:
            state.feed(line)
            index += 1
            continue
        last = index
        while found != "help" and lines[last].rstrip("\r\n").endswith("\\") and last + 1 < len(lines):
            last += 1
        text = "".join(lines[index : last + 1]).strip()
        magics.append(Magic(found, index + 1, last + 1, text))
        lines[index] = _masked_line(line)
        for continued in range(index + 1, last + 1):
            lines[continued] = _end(lines[continued])
        index = last + 1


def _magic_kind(line: str) -> Kind | None:
    body = line.strip()
    if body.startswith("!"):
        return "shell"
    if body.startswith("%"):
        return "line"
    assigned = ASSIGNED.match(line)
    if assigned:
        return "shell" if assigned.group(2) == "!" else "line"
    if INSTALL_WORDS.match(line) and "=" not in line.split("#")[0].replace("==", "").replace(">=", "").replace(
        "<=", ""
    ):
        return "shell"
    if HELP.match(line) and "?" in line.split("#")[0]:
        return "help"
    return "line" if AUTOMATIC.match(line) and not _is_python(line) else None


def _is_python(line: str) -> bool:
    try:
        compile(line.strip(), "", "exec", dont_inherit=True, flags=ast.PyCF_ONLY_AST)
    except (SyntaxError, ValueError):
        return False
    return True


def _masked_line(line: str) -> str:
    timed = TIMED.match(line.rstrip("\r\n"))
    if timed:  # `%time f()` keeps f() at its column: "pass;" takes the place of the magic
        indent, name, gap, code = timed.groups()
        return indent + "pass".ljust(len(name)) + ";" + gap[1:] + code + _end(line)
    assigned = ASSIGNED.match(line)
    if assigned:
        return assigned.group(1) + "None" + _end(line)
    return line[: len(line) - len(line.lstrip())] + "pass" + _end(line)


def _dedented(lines: list[str]) -> tuple[list[str], tuple[int, ...]]:
    """Like IPython: the first line's indentation is taken from every line that has it."""
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    if not indent:
        return list(lines), (0,) * len(lines)
    removed = [len(indent) if line.startswith(indent) else 0 for line in lines]
    return [line[cut:] for line, cut in zip(lines, removed, strict=True)], tuple(removed)


def _end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


class _Lexer:
    """Knows, line by line, whether the next line starts a statement: no open string, bracket or continuation."""

    TOKEN = re.compile(r"\"\"\"|'''|\"|'|#|\\.|[()\[\]{}]", re.DOTALL)

    def __init__(self) -> None:
        self.quote = ""
        self.depth = 0
        self.continued = False

    @property
    def at_statement(self) -> bool:
        return not self.quote and self.depth == 0 and not self.continued

    def feed(self, line: str) -> None:
        body = line.rstrip("\r\n")
        for match in self.TOKEN.finditer(body):
            found = match.group()
            if self.quote:
                if found.startswith(self.quote) and not found.startswith("\\"):
                    self.quote = ""
                continue
            if found == "#":
                break
            if found[0] in "\"'":
                self.quote = found
            elif found in "([{":
                self.depth += 1
            elif found in ")]}":
                self.depth = max(0, self.depth - 1)
        self.continued = not self.quote and body.endswith("\\")
        if len(self.quote) == 1 and not body.endswith("\\"):
            self.quote = ""
