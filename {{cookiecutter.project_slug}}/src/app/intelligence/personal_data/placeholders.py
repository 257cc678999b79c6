"""Placeholders such as `<EMAIL_1>`: short, plain ASCII, named for what they hide, so that models copy them whole."""

from __future__ import annotations

import re
from collections.abc import Iterable

PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]{0,30})_([0-9]{1,4})>")
_SETTLED = re.compile(rf"{PLACEHOLDER.pattern}|\[[A-Z][A-Z0-9_]{{0,30}}_removed\]")
_ESCAPED = re.compile(r"(?:\\u003[cC]|&lt;)([A-Z][A-Z0-9_]{0,30})_([0-9]{1,4})(?:\\u003[eE]|&gt;)")


def protected(text: str) -> list[tuple[int, int]]:
    """Where `text` already looks like a placeholder, or says that something was removed."""
    return [match.span() for match in _SETTLED.finditer(text)] if "<" in text or "_removed]" in text else []


def removed(label: str) -> str:
    """What stands where a value was taken out for good."""
    return f"[{label}_removed]"


def taken(texts: Iterable[str]) -> set[str]:
    """Every placeholder that stands in `texts`, JSON and HTML escapes of it included. None of them may be given out."""
    found: set[str] = set()
    for text in texts:
        if "<" in text:
            found.update(match.group() for match in PLACEHOLDER.finditer(text))
        if "_" in text and ("\\u003" in text or "&lt;" in text):
            found.update(f"<{match[1]}_{match[2]}>" for match in _ESCAPED.finditer(text))
    return found
