"""JSON that a prompt shows as a pattern, read as the schema it stands for.

Patterns are seldom JSON themselves: keys without quotes, types or explanations in the place of values, comments, dots
for more of the same. What cannot be read is no pattern.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 6_000  # characters of one pattern
DEEPEST = 12
MOST = 200  # beginnings that are looked at
BEGIN = re.compile(r"\{|\[(?=\s*\{)")
BETWEEN = re.compile(r"(?:\s|,|//[^\n]*|#[^\n]*|\.\.\.|…)*")
QUOTED = re.compile(r"\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'")
# Options that are quoted one by one: `"low" | "high"`.
QUOTED_CHOICE = re.compile(rf"(?:{QUOTED.pattern})(?:\s*(?:\||/|\bor\b)\s*(?:{QUOTED.pattern}))+")
BARE_KEY = re.compile(r"[A-Za-z_][\w -]{0,60}?(?=\s*:)")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?=\s*(?:[,}\]\n]|//|#))")
BARE = re.compile(r"(?:<[^<>\n]*>|\[[^\[\]\n]*\]|[^,\n{}\[\]])+")
OPTIONS = re.compile(r"[^|/\n]{1,40}(?:\s*\|\s*[^|\n]{1,40})+$")
MUST_BE = re.compile(r"\bmust be (?:an? )?(?:single |valid )?(\w+)")
ONE_OF = re.compile(r"\bmust exactly match[^:\n]*one of:\s*([^\n]+)")

_TYPES = (
    ("array", re.compile(r"\b(?:list|array)\b", re.IGNORECASE)),
    ("boolean", re.compile(r"\b(?:bool(?:ean)?|true|false)\b", re.IGNORECASE)),
    ("integer", re.compile(r"\b(?:int(?:eger)?)\b", re.IGNORECASE)),
    ("number", re.compile(r"\b(?:number|float|double|decimal)\b", re.IGNORECASE)),
)


def patterns(text: str) -> Iterator[tuple[int, dict[str, Any], bool]]:
    """Where each pattern of an object, or of a list of them, begins, the JSON Schema it stands for, and whether it is
    one already."""
    position = 0
    for _ in range(MOST):
        begin = BEGIN.search(text, position)
        if begin is None:
            return
        position = begin.end()
        try:
            schema, end = _value(text[: begin.start() + LONGEST], begin.start())
        except _NoPattern:
            continue
        if not schema.get("properties") and not schema.get("items"):
            continue
        given = _as_given(text[begin.start() : end])
        yield begin.start(), given or schema, given is not None
        position = end


def _as_given(text: str) -> dict[str, Any] | None:
    """A pattern that is a JSON Schema already, as JSON or as Python writes a dict of it."""
    try:
        given = json.loads(text)
    except ValueError:
        try:
            given = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
    return given if isinstance(given, dict) and isinstance(given.get("properties"), dict) else None


class _NoPattern(Exception):
    """What begins here cannot be read."""


def _value(text: str, at: int, depth: int = 0) -> tuple[dict[str, Any], int]:
    """The schema of the value that begins at a place, and where it ends."""
    if depth > DEEPEST:
        raise _NoPattern
    if text.startswith("{", at):
        return _object(text, at, depth)
    if text.startswith("[", at):
        return _list(text, at, depth)
    if choice := QUOTED_CHOICE.match(text, at):
        return {"type": "string", "enum": [one or other for one, other in QUOTED.findall(choice[0])]}, choice.end()
    if quoted := QUOTED.match(text, at):
        said = quoted[1] if quoted[1] is not None else quoted[2]
        return _of_words(said, quoted=True), quoted.end()
    if number := NUMBER.match(text, at):
        kind, shown = ("number", float(number[0])) if "." in number[0] else ("integer", int(number[0]))
        return {"type": kind, "examples": [shown]}, number.end()
    if bare := BARE.match(text, at):
        return _of_words(re.split(r"//|#", bare[0])[0], quoted=False), bare.end()
    raise _NoPattern


def _object(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    properties: dict[str, Any] = {}
    at = _skipped(text, at + 1)
    while not text.startswith("}", at):
        if quoted := QUOTED.match(text, at):
            key, at = quoted[1] if quoted[1] is not None else quoted[2], quoted.end()
        elif bare := BARE_KEY.match(text, at):
            key, at = bare[0].strip(), bare.end()
        else:
            raise _NoPattern
        at = _skipped(text, at)
        if not text.startswith(":", at):
            raise _NoPattern
        properties[key], at = _value(text, _skipped(text, at + 1), depth + 1)
        at = _skipped(text, at)
    return {"type": "object", "properties": properties, "required": list(properties)}, at + 1


def _list(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    items: Mapping[str, Any] | None = None
    at = _skipped(text, at + 1)
    while not text.startswith("]", at):
        one, at = _value(text, at, depth + 1)
        items = items or one
        at = _skipped(text, at)
    return {"type": "array", "items": dict(items or {"type": "string"})}, at + 1


def _skipped(text: str, at: int) -> int:
    between = BETWEEN.match(text, at)
    at = between.end() if between else at
    if at >= len(text):
        raise _NoPattern
    return at


def _of_words(said: str, *, quoted: bool) -> dict[str, Any]:
    """What stands in the place of a value: options, a type, or an explanation."""
    said = said.strip().strip("<>")
    if not quoted and said in ("N", "n", "X", "x"):
        return {"type": "integer", "examples": [1]}
    if OPTIONS.fullmatch(said):
        options = [option.strip(" \"'`") for option in said.split("|")]
        if not all(any(pattern.search(option) for _, pattern in _TYPES) or option in _PLAIN for option in options):
            return {"type": "string", "enum": options}
    if listed := ONE_OF.search(said):
        return {"type": "string", "enum": [option.strip(" \"'") for option in listed[1].split(";")]}
    if told := MUST_BE.search(said):
        said, quoted = told[1], False
    words = len(said.split())
    for kind, pattern in _TYPES:
        if pattern.search(said) and (words <= 2 or not quoted):
            return {"type": kind} | ({"items": {"type": "string"}} if kind == "array" else {})
    return {"type": "string", "description": said}


_PLAIN = ("string", "str", "null", "None", "text")
