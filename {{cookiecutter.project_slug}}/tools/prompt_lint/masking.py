"""Turns a notebook cell into plain Python with the same number of lines, so that positions in the tree are positions
in the cell.

Magics and shell lines become `pass`, `x = !cmd` becomes `x = None`, a timing magic keeps its statement. Cells in
another language come back as None. It refuses to guess inside strings and brackets: a `%` there is left alone.
"""

from __future__ import annotations

import re

_PYTHON_CELL_MAGICS = frozenset(
    {"time", "timeit", "capture", "prun", "python", "python3", "ipytest", "run_pytest", "skip", "memit", "mprun"}
)
_CELL_MAGIC = re.compile(r"^%%([\w.]+)[ \t]*(.*)$")
_KEEPS_STATEMENT = re.compile(r"^(\s*)%(?:time|timeit|prun|memit)\s+(?:-\S+\s+(?:\d+\s+)?)*(?=[A-Za-z_(\[])")
_LINE_MAGIC = re.compile(r"^(\s*)(?:[%!]|\?{1,2}\w|[\w.]+\?{1,2}\s*$)")
_ASSIGNED = re.compile(r"^(\s*[A-Za-z_][\w.,\[\]'\" ]*=)\s*[%!]")
_BARE_COMMAND = re.compile(r"^(\s*)(?:pip3?|conda|apt-get|apt|npm|git|curl|wget|cd|ls|mkdir)\s+[-\w./~]+")
_SCAN = re.compile(r"'''|\"\"\"|'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|#[^\n]*|[()\[\]{}]|\\.", re.DOTALL)


def mask(source: str) -> str | None:
    """The cell as Python with as many lines, or None when the cell is in another language."""
    lines = source.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), None)
    if first is None:
        return source
    cell_magic = _CELL_MAGIC.match(lines[first].lstrip())
    if cell_magic:
        name, rest = cell_magic.groups()
        python_file = name in ("writefile", "file") and rest.strip().strip("\"'").endswith(".py")
        if name not in _PYTHON_CELL_MAGICS and not python_file:
            return None
        lines[first] = ""
    return "\n".join(_masked_lines(lines))


def _masked_lines(lines: list[str]) -> list[str]:
    masked: list[str] = []
    state = _Scan()
    continued = False
    for line in lines:
        if continued:
            continued = line.rstrip().endswith("\\")
            masked.append("")
            continue
        if state.at_statement:
            replacement, is_magic = _masked(line)
            continued = is_magic and line.rstrip().endswith("\\")
            masked.append(replacement)
            if not is_magic:
                state.read(line)
        else:
            masked.append(line)
            state.read(line)
    return masked


def _masked(line: str) -> tuple[str, bool]:
    """The line to parse instead, and whether the whole line was a magic."""
    if "%" in line or "!" in line or "?" in line:
        timed = _KEEPS_STATEMENT.match(line)
        if timed:
            return timed[1] + line[timed.end() :], False
        assigned = _ASSIGNED.match(line)
        if assigned:
            return assigned[1] + " None", True
        magic = _LINE_MAGIC.match(line)
        if magic:
            return magic[1] + "pass", True
    bare = _BARE_COMMAND.match(line)
    if bare and "=" not in line.split("#")[0].split()[1] and "(" not in line:
        return bare[1] + "pass", True
    return line, False


class _Scan:
    """Whether the next line begins a statement: no open string, bracket or continuation before it."""

    def __init__(self) -> None:
        self._quote = ""
        self._depth = 0
        self._continued = False

    @property
    def at_statement(self) -> bool:
        return not self._quote and self._depth == 0 and not self._continued

    def read(self, line: str) -> None:
        position = 0
        while position < len(line):
            if self._quote:
                end = line.find(self._quote, position)
                while end > 0 and line[end - 1] == "\\":
                    end = line.find(self._quote, end + 1)
                if end < 0:
                    return
                position, self._quote = end + 3, ""
                continue
            found = _SCAN.search(line, position)
            if not found:
                break
            mark, position = found[0], found.end()
            if mark in ("'''", '"""'):
                self._quote = mark
            elif mark in "([{":
                self._depth += 1
            elif mark in ")]}":
                self._depth = max(0, self._depth - 1)
        self._continued = not self._quote and line.rstrip().endswith("\\")
