"""A prompt taken apart into what could be left out: examples, bullets, sentences of instruction. Never an input."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from app.intelligence.messages import Message
from app.intelligence.prompts import PLACEHOLDER
from app.intelligence.stream import estimate_tokens

FIELD = re.compile(r"^\s*([A-Z][\w ]{1,20}):\s+\S")
BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+\S")
TAG = re.compile(r"^\s*</?\w+>\s*$")
# A pair of fields that occurs at least so often is an example.
REPEATED = 2


@dataclass(frozen=True, slots=True)
class Part:
    """Lines `first` to `last` (exclusive) of one message. `kind` is example, bullet or line."""

    message: int
    first: int
    last: int
    kind: str
    text: str

    @property
    def tokens(self) -> int:
        """How many tokens every call is cheaper by without it, estimated."""
        return estimate_tokens(self.text)

    def told(self) -> str:
        """In one short line."""
        line = " ".join(self.text.split())
        return f"{self.kind} {line if len(line) <= 60 else line[:59] + '…'!r}"


def parts_of(messages: Sequence[Message]) -> list[Part]:
    """All parts, in their order."""
    found = []
    for number, message in enumerate(messages):
        lines = message.text.split("\n")
        examples = _examples(lines)
        at = 0
        while at < len(lines):
            last = examples.get(at, at + 1)
            text = "\n".join(lines[at:last])
            if text.strip() and not PLACEHOLDER.search(text) and not TAG.match(text):
                kind = "example" if at in examples else "bullet" if BULLET.match(lines[at]) else "line"
                found.append(Part(number, at, last, kind, text))
            at = last
    return found


def without(messages: Sequence[Message], left_out: Collection[Part]) -> tuple[Message, ...]:
    """The messages with these parts gone, and no two empty lines where they were. A message left empty goes as well."""
    kept = []
    for number, message in enumerate(messages):
        gone = {at for part in left_out if part.message == number for at in range(part.first, part.last)}
        if not gone:
            kept.append(message)
            continue
        lines = [line for at, line in enumerate(message.text.split("\n")) if at not in gone]
        text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
        if text.strip():
            kept.append(Message(message.role, text + "\n"))
    return tuple(kept)


def _examples(lines: Sequence[str]) -> dict[int, int]:
    """Where pairs of fields that are repeated begin and end: `Ticket: ...` and `Label: ...`."""
    names = [match[1] if (match := FIELD.match(line)) else "" for line in lines]
    pairs = [(names[at], names[at + 1]) for at in range(len(names) - 1)]
    often = {pair for pair, n in Counter(pairs).items() if all(pair) and pair[0] != pair[1] and n >= REPEATED}
    # Of `Ticket, Label` and `Label, Ticket` the one that comes first is the example.
    first = next((pair for pair in pairs if pair in often), None)
    return {at: at + 2 for at, pair in enumerate(pairs) if pair == first}
