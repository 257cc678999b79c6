"""Several calls in one reply: a question about several things, or one that several tools are plainly about.

`weather and time in Oslo` calls both tools, `weather in Oslo and Rome` the same one twice, and
`What is 3 * 4? What is 5 + 6?` each question's own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from app.intelligence.messages import Tool
from app.intelligence.standin.similarity import content_words, spaced, stem

_NAME = r"[A-Z][\w'’.-]*(?:\s+[A-Z][\w'’.-]*){0,3}(?:,\s+[A-Z]{2}\b\.?)?"
LISTED = re.compile(
    rf"(?<![\w.])(?P<names>{_NAME}(?:,\s+(?!and\b){_NAME}){{0,12}},?\s+(?:and|or|vs\.?|versus)\s+(?:in\s+"
    rf"|for\s+)?{_NAME})"
)
BETWEEN = re.compile(r",?\s+(?:and|or|vs\.?|versus)\s+(?:in\s+|for\s+)?|,\s+")
# What belongs to the name before it: `Austin, TX`.
STATE = re.compile(r"[A-Z]{2}\.?")
SENTENCE = re.compile(r"(?<=[?.!])\s+")
MOST_CALLS = 8
TOKEN = re.compile(r"\w+|[,;&.?!]")
JOINING, ENDING = {"and", "&", ",", "plus"}, {".", "?", "!", ";"}
MOST_BETWEEN = 4


def questions(subject: str, tool: Tool) -> list[str]:
    """What is asked one by one: each question of several, or each name of a list in the place of the list, for a tool
    that is called for one thing at a time; else the subject alone."""
    asked = [sentence for sentence in SENTENCE.split(subject.strip()) if sentence.endswith("?")]
    if len(asked) > 1:
        return asked[:MOST_CALLS]
    listed = LISTED.search(subject)
    if listed is None or not _one_each(tool):
        return [subject]
    names: list[str] = []
    for name in BETWEEN.split(listed["names"]):
        if names and STATE.fullmatch(name):
            names[-1] += f", {name}"
        elif name:
            names.append(name)
    before, after = subject[: listed.start()], subject[listed.end() :]
    return [f"{before}{name}{after}" for name in names[:MOST_CALLS]]


def _one_each(tool: Tool) -> bool:
    """Whether a tool demands one argument, and that is no list."""
    parts = tool.parameters.get("properties") or {}
    required = tool.parameters.get("required") or [*parts]
    return len(required) == 1 and (parts.get(required[0]) or {}).get("type") != "array"


def named_together(tools: Sequence[Tool], chosen: Tool, subject: str) -> list[Tool]:
    """The tools that the subject names in one breath with the chosen one, which is among them, in the order they are
    named: each by the last word of its name, which no other tool's has, joined by `and` or a comma. That a word stands
    elsewhere, as in `the plan of customer C-7`, asks for no tool of its own."""
    last = {tool.name: stem(next(iter(content_words(spaced(tool.name))[-1:]), "")) for tool in tools}
    shared = Counter(last.values())
    by_word = {last[tool.name]: tool for tool in tools if shared[last[tool.name]] == 1}
    said = [stem(token) for token in TOKEN.findall(subject.casefold())]
    found: list[tuple[int, Tool]] = []
    for at, word in enumerate(said):
        if word not in by_word or any(tool is by_word[word] for _, tool in found):
            continue
        if found and not _joined(said[found[-1][0] + 1 : at]):
            if any(tool is chosen for _, tool in found):
                break
            found = []
        found.append((at, by_word[word]))
    named = [tool for _, tool in found]
    return named if chosen in named else [chosen]


def _joined(between: Sequence[str]) -> bool:
    return len(between) <= MOST_BETWEEN and bool(JOINING & set(between)) and not ENDING & set(between)
