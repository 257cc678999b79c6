"""Personal data inside JSON text, such as tool arguments and tool results: found in the values, not in the escapes.

The text is changed only inside the literals that hold something; a masked number becomes a string, for JSON has no
other way to write a placeholder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*')
_COLON = re.compile(r"\s*:")


def is_json(text: str) -> bool:
    """Whether `text` is a JSON object or array."""
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def map_literals(text: str, change: Callable[[str, str], str]) -> str:
    """`text` with `change(value, key)` applied to every string, key and number; `key` is "" outside objects."""
    pieces: list[str] = []
    done = 0
    key = ""
    for match in _LITERAL.finditer(text):
        literal = match.group()
        is_key = literal[0] == '"' and _COLON.match(text, match.end()) is not None
        value = json.loads(literal, strict=False) if literal[0] == '"' else literal
        changed = change(value, "" if is_key else key)
        if is_key:
            key = value
        if changed != value:
            pieces += [text[done : match.start()], json.dumps(changed, ensure_ascii=False)]
            done = match.end()
    return "".join((*pieces, text[done:]))
