"""A text that a regular expression matches, taken from the subject where it holds one, else made up.

What is made up takes the first way of each choice and as few repeats as are allowed; it counts only when it matches.
Look-around and back-references are beyond it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# For one look of a client's own expression, which may be written to take for ever.
LONGEST_S = 0.2
LONGEST_TEXT = 2_000
_LETTERS = "a0 -_.A"
_CLASSES = {"d": "0", "w": "a", "s": " ", "D": "a", "W": " ", "S": "a", "n": "\n", "t": "\t", "r": "\r"}
_NOTHING = frozenset("bBAzZG")
_REPEATS = re.compile(r"\{(\d*)(?:,(\d*))?\}|[*+?]")


def matching(pattern: str, subject: str) -> str | None:
    """The longest part of the subject that fits, or the plainest text that does; None when there is neither."""
    import regex

    inner = pattern.removeprefix("^").removesuffix("$")
    try:
        held: list[str] = [found[0] for found in regex.finditer(inner, subject, timeout=LONGEST_S) if found[0]]
        if held:
            return max(held, key=len)
        made = "".join(_alternative(_Chars(inner)))[:LONGEST_TEXT]
        return made if regex.search(pattern, made, timeout=LONGEST_S) else None
    except (regex.error, TimeoutError, RecursionError, _Beyond):
        return None


class _Beyond(Exception):
    """The expression uses what is not followed here."""


class _Chars:
    """The characters of an expression, with a look at the next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def peek(self) -> str:
        """The next character; nothing at the end."""
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        """The next character, taken."""
        found = self.peek()
        if not found:
            raise _Beyond
        self.at += 1
        return found


def _alternative(chars: _Chars) -> Iterator[str]:
    """The pieces of the first alternative; the others are read over."""
    first = True
    while chars.peek() not in ("", ")"):
        if chars.peek() == "|":
            chars.take()
            first = False
            continue
        piece = _repeated(chars, _one(chars))
        if first:
            yield piece


def _one(chars: _Chars) -> str:
    char = chars.take()
    if char == "(":
        return _group(chars)
    if char == "[":
        return _of_set(chars)
    if char == "\\":
        escaped = chars.take()
        if escaped.isdigit() or escaped in "pPuxkg":
            raise _Beyond
        return "" if escaped in _NOTHING else _CLASSES.get(escaped, escaped)
    return {".": "a", "^": "", "$": ""}.get(char, char)


def _group(chars: _Chars) -> str:
    if chars.peek() == "?":
        chars.take()
        kind = chars.take()
        if kind == "P" or (kind == "<" and chars.peek() not in ("=", "!")):
            while chars.take() != ">":
                pass
        elif kind != ":":
            raise _Beyond
    made = "".join(_alternative(chars))
    chars.take()  # the bracket that closes it
    return made


def _of_set(chars: _Chars) -> str:
    import regex

    begun = chars.at
    while chars.peek() != "]" or chars.at == begun or chars.text[begun : chars.at] == "^":
        if chars.take() == "\\":
            chars.take()
    members = chars.text[begun : chars.at]
    chars.take()
    tried = (*_LETTERS, *members, *map(chr, range(33, 127)))
    found: str | None = next((one for one in tried if regex.fullmatch(f"[{members}]", one)), None)
    if found is None:
        raise _Beyond
    return found


def _repeated(chars: _Chars, piece: str) -> str:
    found = _REPEATS.match(chars.text, chars.at)
    if found is None:
        return piece
    chars.at = found.end()
    if chars.peek() in ("?", "+") and chars.peek():
        chars.take()  # how greedy it is
    sign = found[0]
    least = {"*": 0, "?": 0, "+": 1}.get(sign)
    times: int = int(found[1] or 0) if least is None else least
    return piece[:LONGEST_TEXT] * min(times, LONGEST_TEXT // max(1, len(piece)) + 1)
