"""What a recogniser of personal data is: a shape, a check that the shape is the real thing, and its own test cases.

A recogniser refuses to guess: a number that only looks like an identifier, in a form common to order numbers, needs a
checksum or a word before it that says what it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

# What a text must hold before a pattern is tried at all: an "@", any digit, seven digits close together,
# two dots between digits, two colons, a long word of digits, or one of the recogniser's own words.
Trigger = Literal["at", "digit", "run", "dots", "colons", "long", "word"]

CONTEXT = 32
"""How many characters before a match a recogniser may read for a word that explains it."""

LOOK_AHEAD = 16
"""How many characters after a match a recogniser may read. The output guard waits for as many."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Characters `start` to `end` of a text are personal data of kind `label`; `score` is the certainty, 0 to 1."""

    start: int
    end: int
    label: str
    score: float


class Detector(Protocol):
    """Finds personal data. `whole_sentences`: it needs to see sentences, not words, so streams are held back longer."""

    @property
    def whole_sentences(self) -> bool:
        """Whether a text may be cut between sentences only."""
        ...

    def cold(self, text: str) -> bool:
        """Whether a glance shows that nothing can be found in any part of `text`. False when in doubt."""
        ...

    def find(self, text: str) -> Sequence[Finding]:
        """All findings, in any order; they may overlap."""
        ...


_GAP = re.compile("[ \u00a0]")
_LINE_OR_DIGIT = re.compile(r"[\n0-9\]]")


def _always(_: re.Match[str]) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Recogniser:
    """One kind of personal data.

    `label` names the placeholder. The finding is the group `value` of `pattern` where there is one, else the match.
    `must_find` holds pairs of a text and the exact characters to be found in it, `must_not_find` texts without any.
    `digits` belongs to the trigger "run": how many a match has at least. Where there are `words` (lower case), each
    match begins with one of them. `heads`: where a match is not valid, the groups at its head may be.
    No pattern may span a line break, save in a private key.
    """

    label: str
    trigger: Trigger
    pattern: re.Pattern[str]
    score: float
    must_find: tuple[tuple[str, str], ...]
    must_not_find: tuple[str, ...]
    valid: Callable[[re.Match[str]], bool] = _always
    digits: int = 0
    words: tuple[str, ...] = ()
    heads: bool = False

    def find(self, text: str, start: int = 0, end: int = sys.maxsize) -> list[Finding]:
        """Every valid match in `text` between `start` and `end`."""
        matches: list[re.Match[str]] = []
        candidate = self.pattern.search(text, start, end)
        while candidate is not None:
            match = self._longest_valid(candidate)
            if match is not None:
                matches.append(match)
            candidate = self.pattern.search(text, match.end() if match else self._resume(candidate), end)
        return [self._finding(match) for match in matches]

    def find_at(self, text: str, starts: Iterable[int]) -> list[Finding]:
        """Every valid match that begins at one of `starts`."""
        matches = (self.pattern.match(text, start) for start in starts)
        return [self._finding(match) for match in matches if match is not None and self.valid(match)]

    def _finding(self, match: re.Match[str]) -> Finding:
        return Finding(*match.span("value" if "value" in self.pattern.groupindex else 0), self.label, self.score)

    def _resume(self, candidate: re.Match[str]) -> int:
        """Where to go on behind an invalid candidate: a valid match may begin at its second group."""
        gap = _GAP.search(candidate.string, candidate.start() + 1, candidate.end()) if self.heads else None
        return gap.end() if gap else candidate.end()

    def _longest_valid(self, candidate: re.Match[str]) -> re.Match[str] | None:
        """The candidate, or as much of its head as is valid: `4111 1111 1111 1111 123` is a card and a code."""
        if self.valid(candidate):
            return candidate
        if not self.heads:
            return None
        for gap in reversed(list(_GAP.finditer(candidate.string, candidate.start() + 1, candidate.end()))):
            match = self.pattern.match(candidate.string, candidate.start(), gap.start())
            if match is not None and self.valid(match):
                return match
        return None


def announced(match: re.Match[str], words: re.Pattern[str]) -> bool:
    """Whether one of `words` stands on the same line, at most CONTEXT characters before, with no digit in between."""
    before = match.string[max(0, match.start() - CONTEXT) : match.start()]
    return words.search(_LINE_OR_DIGIT.split(before)[-1]) is not None


def digits_of(text: str) -> list[int]:
    """The ASCII digits of `text`, in order."""
    return [ord(character) - 48 for character in text if "0" <= character <= "9"]
