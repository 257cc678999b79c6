"""What a prompt offers to be chosen by its name: candidates in a section, agents or models that are available."""

from __future__ import annotations

import re
from itertools import pairwise

from app.intelligence.standin.reading import SECTION

# What can be chosen by its name, a line each: `Available workers:`, `You have these agents:`.
AVAILABLE = re.compile(
    r"\b(?:available|following|these|valid|your)\b[^\n:]{0,40}"
    r"\b(?:agents?|workers?|models?|tools?|experts?|members?|departments?|specialists?|assistants?|nodes?"
    r"|roles?)\b[^\n:]{0,60}:"
    r"[^\S\n]*\n+(?P<lines>(?:[^\S\n]*(?:[-*•]|\d+[.)])[^\S\n]+[^\n]+(?:\n|\Z)){2,50})",
    re.IGNORECASE,
)
OFFERED_NAME = re.compile(
    r"\s*(?:[-*•]|\d+[.)])\s+[`\"'*]*(?P<name>[\w./:-]*\w(?: [\w./-]*\w){0,3}?)[`\"'*]*\s*(?:[:(=]|[-–—]\s|->"
    r"|$)(?P<told>.*)"
)


def candidates(text: str) -> dict[str, str]:
    """The names a prompt lists in a section of candidates, or as what is available, `name: what it is for` a line, with
    their descriptions."""
    marks = [*SECTION.finditer(text), None]
    for mark, after in pairwise(marks):
        if mark is not None and "CANDIDATE" in mark["name"].upper():
            lines = text[mark.end() : after.start() if after is not None else len(text)].splitlines()
            named = (line.partition(":") for line in lines if ":" in line)
            return {name.strip(): described.strip() for name, _, described in named if name.strip()}
    offered = AVAILABLE.search(text)
    told = offered["lines"].splitlines() if offered else []
    return {name["name"]: name["told"].strip() for line in told if (name := OFFERED_NAME.match(line))}
