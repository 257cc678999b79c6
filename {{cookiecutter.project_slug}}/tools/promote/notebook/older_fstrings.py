"""F-strings that need Python 3.12, written so that Python 3.11 reads them too.

Since 3.12 an expression inside braces may hold the quotes of its f-string and backslashes: `f"{row["name"]}"`,
`f"{"\\n".join(lines)}"`. A text in such an expression is written with the other quotes, its line ends and tabs as
`chr(10)`; all else stays byte for byte. Where no quotes are left, or a line would be lost, the cell is left as it is.
"""

from __future__ import annotations

import ast
import re
from itertools import groupby

START = re.compile(r"(?<![\w.])([rRbBuUfF]{0,2})('''|\"\"\"|'|\")")
QUOTES = "'\""
OPEN, CLOSE = "([{", ")]}"


class _CannotBeWritten(Exception):
    """No way to write a part for Python 3.11."""


def older(text: str) -> str:
    """The cell's text with its f-strings written for Python 3.11; the text itself when there is none, or no way."""
    try:
        written = _Scanner(text).module()
    except (_CannotBeWritten, IndexError, ValueError, SyntaxError):
        return text
    return written if written.count("\n") == text.count("\n") else text


class _Scanner:
    """Reads a cell from left to right; every method gives what it read as it is to be written."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def module(self) -> str:
        """The whole cell: code, comments, lines of magics and texts."""
        written = []
        while self.at < len(self.text):
            if self._at_a_comment():
                end = self.text.find("\n", self.at)
                written.append(self._take(len(self.text) if end < 0 else end))
            elif START.match(self.text, self.at):
                written.append(self._literal(frozenset(), inside=False))
            else:
                written.append(self._take(self.at + 1))
        return "".join(written)

    def _at_a_comment(self) -> bool:
        if self.text[self.at] == "#":
            return True
        begin = self.text.rfind("\n", 0, self.at) + 1
        return self.text[self.at] in "%!" and not self.text[begin : self.at].strip()

    def _take(self, end: int) -> str:
        taken, self.at = self.text[self.at : end], end
        return taken

    def _literal(self, taken: frozenset[str], *, inside: bool) -> str:
        """One text with its quotes. `taken`: quotes of the f-strings around it, which it may not hold."""
        start = START.match(self.text, self.at)
        assert start is not None
        prefix, quotes = start[1], start[2]
        begin = self.at
        self.at = start.end()
        if "f" in prefix.lower():
            return self._f_string(prefix, quotes, taken, inside=inside)
        while not self.text.startswith(quotes, self.at):
            self.at += 2 if self.text[self.at] == "\\" else 1
        literal = self._to(begin, self.at + len(quotes))
        if not inside or not (set(literal) & (taken | {"\\"})):
            return literal
        value = ast.literal_eval(literal)
        if not isinstance(value, str):
            raise _CannotBeWritten
        return _plain(value, taken)

    def _to(self, begin: int, end: int) -> str:
        self.at = end
        return self.text[begin:end]

    def _f_string(self, prefix: str, quotes: str, taken: frozenset[str], *, inside: bool) -> str:
        mark = self.at
        plain = self._f_parts(quotes, taken, dry=True)
        self.at = mark
        if inside and (quotes[0] in taken or "\\" in plain):
            free = [q for q in QUOTES if q not in taken and q not in plain]
            if not free or "\\" in plain or "\n" in plain:
                raise _CannotBeWritten
            written = free[0]
        else:
            written = quotes
        # Three quotes end a text; one of them within it does not.
        return prefix + written + self._f_parts(quotes, taken | ({written} if len(written) == 1 else set())) + written

    def _f_parts(self, quotes: str, taken: frozenset[str], *, dry: bool = False) -> str:
        """What stands between the quotes, which are read but not given; a dry run gives the literal parts alone."""
        written = []
        while not self.text.startswith(quotes, self.at):
            if self.text.startswith(("{{", "}}"), self.at):
                written.append(self._take(self.at + 2))
            elif self.text[self.at] == "{":
                field = self._field(frozenset() if dry else taken, dry=dry)
                written.append("" if dry else field)
            else:
                written.append(self._take(self.at + (2 if self.text[self.at] == "\\" else 1)))
        self.at += len(quotes)
        return "".join(written)

    def _field(self, taken: frozenset[str], *, dry: bool) -> str:
        """`{expression!r:spec}`; the braces of a spec hold fields again."""
        written = [self._take(self.at + 1)]
        depth = 0
        while True:
            here = self.text[self.at]
            if here in "#\n" or (here == "\\" and not dry):
                raise _CannotBeWritten
            if START.match(self.text, self.at):
                written.append(self._literal(taken, inside=not dry))
                continue
            if depth == 0 and here == "}":
                return "".join(written) + self._take(self.at + 1)
            if depth == 0 and here == ":":
                return "".join(written) + self._spec(taken, dry=dry)
            depth += (here in OPEN) - (here in CLOSE)
            written.append(self._take(self.at + 1))

    def _spec(self, taken: frozenset[str], *, dry: bool) -> str:
        written = []
        while self.text[self.at] != "}":
            if self.text[self.at] in "'\"\n\\":
                raise _CannotBeWritten
            written.append(self._field(taken, dry=dry) if self.text[self.at] == "{" else self._take(self.at + 1))
        return "".join(written) + self._take(self.at + 1)


def _plain(value: str, taken: frozenset[str]) -> str:
    """An expression that gives `value`, without backslashes and without the quotes in `taken`."""
    free = [q for q in QUOTES if q not in taken]
    if not free:
        raise _CannotBeWritten
    barred = {"\\", free[0], *taken}
    parts = []
    for odd, same in groupby(value, key=lambda c: c < " " or c in barred):
        piece = "".join(same)
        parts += [f"chr({ord(c)})" for c in piece] if odd else [f"{free[0]}{piece}{free[0]}"]
    whole = " + ".join(parts) or free[0] * 2
    return f"({whole})" if len(parts) > 1 else whole
