"""Whether evaluation cases stand in what the model is shown: a score on those says nothing.

Texts are compared by runs of words, so that case, punctuation and a changed word do not hide a copy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

RUN = 5
SHARE = 0.5
WORD = re.compile(r"\w+")


class Shown:
    """What the model is shown, by name: prompts with their examples."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._runs = {name: _runs(text, RUN) for name, text in texts.items()}
        self._lines = {name: {_key(part) for part in _parts(text)} for name, text in texts.items()}

    def source(self, text: str) -> str | None:
        """Where a text comes from: more than half of its runs of words, or all of a short one as a line of its own."""
        runs = _runs(text, RUN)
        for name in self._runs:
            if runs and len(runs & self._runs[name]) > SHARE * len(runs):
                return name
            if not runs and (key := _key(text)) and key in self._lines[name]:
                return name
        return None


def _runs(text: str, size: int) -> frozenset[tuple[str, ...]]:
    words = WORD.findall(text.lower())
    return frozenset(tuple(words[start : start + size]) for start in range(len(words) - size + 1))


def _key(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(text.lower()))


def _parts(text: str) -> list[str]:
    """Lines, and what stands behind a label such as `Ticket: `."""
    lines = text.split("\n")
    return [*lines, *(line.partition(": ")[2] for line in lines)]
