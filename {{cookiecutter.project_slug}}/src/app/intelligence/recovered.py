"""The inputs of a logged call, read back out of its messages: what the prompt's version wrote is taken away.

Calls are logged as they were sent, masked and redacted. A prompt that has changed since, or a message that redaction
touched outside an input, gives nothing rather than something wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.intelligence.prompts import PLACEHOLDER, Prompt


def inputs_of(prompt: Prompt, messages: Sequence[Mapping[str, Any]]) -> dict[str, str] | None:
    """The inputs that make this prompt these messages; None when none do. Messages after the prompt's are ignored."""
    if len(messages) < len(prompt.messages):
        return None
    found: dict[str, str] = {}
    for written, logged in zip(prompt.messages, messages, strict=False):
        match = _pattern(written.text).fullmatch(str(logged.get("content", "")))
        if match is None:
            return None
        for name, value in match.groupdict().items():
            found.setdefault(name, value)
    return found if set(found) == set(prompt.inputs) else None


def _pattern(template: str) -> re.Pattern[str]:
    parts, seen = [], set()
    for place, part in enumerate(PLACEHOLDER.split(template)):
        if place % 2 == 0:
            parts.append(re.escape(part.replace("\\{{", "{{")))
        else:
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>.*?)")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)
