"""`citation`: each cited sentence is borne out by the passage it cites.

Support is lexical: numbers must stand in the passage, and most content words must. It is cheap and the same
every time; it does not understand negation, and a fluent paraphrase may be refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score, Source

_MARKER = re.compile(r"\[(\d{1,3})\]")
# A sentence ends before white space, unless a marker follows: "It takes 14 days. [1]" is one.
_SENTENCE_END = re.compile(r"(?<=[.!?\]])\s+(?!\s*\[\d)|\n+")
_WORD = re.compile(r"[^\W\d_]{4,}")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class CitationVerified:
    """`min_overlap` is the share of the sentence's words of four letters or more that the passage must hold."""

    min_overlap: float = 0.5
    name: str = "citation"

    def __call__(self, case: Case, output: Output) -> Score | None:
        """Supported citations over all; 0 for an answer that cites nothing; None when it abstained."""
        if output.abstained:
            return None
        faults: list[str] = []
        total = 0
        for sentence, marker in cited_sentences(output.text):
            total += 1
            if not 1 <= marker <= len(output.sources):
                faults.append(f"[{marker}] was not retrieved")
            elif not supported(sentence, _passage(output.sources[marker - 1]), self.min_overlap):
                faults.append(f"[{marker}] does not bear out {sentence[:60]!r}")
        if total == 0:
            return Score(0.0, "cites nothing")
        return Score(1 - len(faults) / total, "; ".join(faults[:2]))


def cited_sentences(text: str) -> Iterator[tuple[str, int]]:
    """Each sentence with each of its markers, `[n]` removed from the sentence."""
    for sentence in _SENTENCE_END.split(text):
        bare = _MARKER.sub("", sentence).strip()
        for marker in _MARKER.findall(sentence):
            yield bare, int(marker)


def supported(sentence: str, passage: str, min_overlap: float) -> bool:
    """Whether every number and at least `min_overlap` of the longer words of `sentence` stand in `passage`."""
    if not set(_NUMBER.findall(sentence)) <= set(_NUMBER.findall(passage)):
        return False
    words = {word.casefold() for word in _WORD.findall(sentence)}
    if not words:
        return bool(sentence.strip())
    held = {word.casefold() for word in _WORD.findall(passage)}
    return len(words & held) >= min_overlap * len(words)


def _passage(source: Source) -> str:
    return f"{source.heading}\n{source.text}"
