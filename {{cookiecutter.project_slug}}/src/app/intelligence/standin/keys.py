"""Keys of a JSON reply that a prompt names in a sentence, with what each is to hold behind it.

`category (billing|technical|other), urgency (low/medium/high), summary (one line)`.
"""

from __future__ import annotations

import re
from typing import Any

ENTRY = re.compile(
    r"\s*(?:and\s+)?[\"'`]?(?P<name>[A-Za-z_]\w{0,40})[\"'`]?\s*(?:\((?P<told>[^()\n]{1,160})\)|(?P<bare>(?=\s*(?:,|;|\.|$|\band\b))))"
    r"\s*[,;]?",
)
TITLES = re.compile(r"^[\s:]*(?:are|named|called|of)?\s*")
MARKED = re.compile(r"\s*\|\s*|\s*/\s*")
ONE_OF = re.compile(r"(?:either|one of|exactly one of|must be|choose from)\b:?\s*(.+)", re.IGNORECASE)
SEPARATORS = re.compile(r"\s*,\s*(?:or\s+)?|\s+or\s+")
_TYPES = {
    "int": "integer", "integer": "integer", "number": "number", "float": "number", "bool": "boolean",
    "boolean": "boolean", "true/false": "boolean", "true or false": "boolean", "list": "array", "array": "array",
    "list of strings": "array", "array of strings": "array",
}  # fmt: skip


def described_keys(text: str) -> dict[str, Any] | None:
    """The JSON Schema of an object with these keys; None where fewer than two are named or none says what it holds."""
    begins = TITLES.match(text)
    at = begins.end() if begins else 0
    properties: dict[str, Any] = {}
    told = 0
    while entry := ENTRY.match(text, at):
        if entry.end() == at:
            break
        properties[entry["name"]] = _held(entry["told"] or "")
        told += entry["told"] is not None
        at = entry.end()
    if len(properties) < 2 or not told:
        return None
    return {"type": "object", "properties": properties, "required": list(properties)}


def _held(told: str) -> dict[str, Any]:
    """What stands in brackets: a type, words to choose from, or an explanation."""
    said = told.strip()
    if kind := _TYPES.get(said.lower()):
        return {"type": kind} | ({"items": {"type": "string"}} if kind == "array" else {})
    listed = ONE_OF.match(said)
    options = (SEPARATORS if listed else MARKED).split(listed[1] if listed else said)
    options = [option.strip(" \"'`.") for option in options]
    if len(options) > 1 and all(option and len(option.split()) <= 3 for option in options):
        return {"type": "string", "enum": options}
    return {"type": "string", "description": said}
