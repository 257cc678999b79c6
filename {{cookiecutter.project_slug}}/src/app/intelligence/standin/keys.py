"""Keys of a JSON reply that a prompt names, in a sentence or a line each, with what each is to hold behind it.

`category (billing|technical|other), urgency (low/medium/high), summary (one line)`.
"""

from __future__ import annotations

import re
from typing import Any

# Keys that are listed: `category (billing|account), summary and score`, in quotes, or a line each.
LISTED = re.compile(
    r"\s*(?:and\s+)?[\"'`*]*(?P<name>[A-Za-z_]\w{0,40})[\"'`*]*(?:\s*\((?P<told>[^()\n]{1,300})\))?"
    r"\s*(?P<end>,\s*and\b|,|;|\band\b|(?=[.\n]|\Z))"
)
LISTED_BEGIN = re.compile(r"[\s:]*(?:are|named|called|of)?\s*:?\s*")
A_LINE_EACH = re.compile(
    r"^[^\S\n]*[-*\d][.)]?[^\S\n]+[\"'`*]*(?P<name>[A-Za-z_]\w{0,40})[\"'`*]*[^\S\n]*"
    r"(?:\((?P<told>[^()\n]{1,300})\))?[^\S\n]*(?::|[-–—]\s|$)(?P<rest>[^\n]*)$",
    re.MULTILINE,
)
IN_QUOTES = re.compile(r"[\"'`]([A-Za-z_]\w{0,40})[\"'`]")
MOST_KEYS = 50

MARKED = re.compile(r"\s*\|\s*|\s*/\s*")
ONE_OF = re.compile(r"(?:either|one of|exactly one of|must be|choose from)\b:?\s*(.+)", re.IGNORECASE)
SEPARATORS = re.compile(r"\s*,\s*(?:or\s+)?|\s+or\s+")
_TYPES = {
    "int": "integer", "integer": "integer", "number": "number", "float": "number", "bool": "boolean",
    "boolean": "boolean", "true/false": "boolean", "true or false": "boolean", "list": "array", "array": "array",
    "list of strings": "array", "array of strings": "array",
}  # fmt: skip


def named_keys(said: str) -> dict[str, dict[str, Any]]:
    """The keys that a prompt lists behind that word, each with the schema of what it says of it; empty for none."""
    lines = list(A_LINE_EACH.finditer(said))
    if len(lines) > 1:
        return {line["name"]: _held(line["told"] or line["rest"] or "") for line in lines[:MOST_KEYS]}
    begin = LISTED_BEGIN.match(said)
    found: dict[str, dict[str, Any]] = {}
    described, at = False, begin.end() if begin else 0
    while len(found) < MOST_KEYS and (key := LISTED.match(said, at)):
        described = described or key["told"] is not None
        found[key["name"]], at = _held(key["told"] or ""), key.end()
        if not key["end"]:
            break
    if len(found) > 1 or described:
        return found
    return {name: {"type": "string"} for name in IN_QUOTES.findall(said)}


def _held(told: str) -> dict[str, Any]:
    """What stands in brackets: a type, words to choose from, or an explanation."""
    said = told.strip()
    if not said:
        return {"type": "string"}
    words = said.lower().split()
    if kind := _TYPES.get(said.lower()) or (_TYPES.get(words[0]) if len(words) <= 4 else None):
        return {"type": kind} | ({"items": {"type": "string"}} if kind == "array" else {})
    listed = ONE_OF.match(said)
    options = (SEPARATORS if listed else MARKED).split(listed[1] if listed else said)
    options = [option.strip(" \"'`.") for option in options]
    if len(options) > 1 and all(option and len(option.split()) <= 3 for option in options):
        return {"type": "string", "enum": options}
    return {"type": "string", "description": said}
