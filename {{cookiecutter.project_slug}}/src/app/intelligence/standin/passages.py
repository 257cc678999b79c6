"""Sources taken apart into what can be said in one breath: sentences, list items, and table rows with their headers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.intelligence.standin.reading import Source
from app.intelligence.standin.similarity import terms

SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[\"'(\[A-ZÀ-Ý0-9¿¡])")
TABLE_RULE = re.compile(r"^\s*\|?\s*:?-{2,}")
MARKUP = re.compile(r"(?:\*\*|__|`)")
LEADING = re.compile(r"^\s*(?:[-*•>]|\d+[.)]|#{1,6})\s+")


@dataclass(frozen=True)
class Passage:
    """One sayable piece. `source` is the number it is cited by."""

    source: int
    text: str
    terms: tuple[str, ...]
    heading_terms: tuple[str, ...]


def passages(sources: Sequence[Source]) -> list[Passage]:
    """All pieces of all sources, in order; headings alone are no pieces."""
    return [
        Passage(source.number, text, tuple(terms(text)), tuple(terms(source.heading)))
        for source in sources
        for text in _pieces(source.body)
    ]


def _pieces(body: str) -> Iterator[str]:
    header: list[str] = []
    prose: list[str] = []
    for line in [*body.splitlines(), ""]:
        if "|" in line and line.strip().startswith("|"):
            yield from _sentences(prose)
            prose = []
            cells = [MARKUP.sub("", cell).strip() for cell in line.strip().strip("|").split("|")]
            if TABLE_RULE.match(line):
                continue
            if not header:
                header = cells
                continue
            yield ", ".join(f"{name}: {cell}" for name, cell in zip(header, cells, strict=False) if cell) + "."
            continue
        header = []
        begins_item = LEADING.match(line) is not None
        if begins_item or not line.strip():
            yield from _sentences(prose)
            prose = []
        if line.strip() and not line.lstrip().startswith("#"):
            prose.append(MARKUP.sub("", LEADING.sub("", line)).strip())
    yield from _sentences(prose)


def _sentences(lines: list[str]) -> Iterator[str]:
    for sentence in SENTENCE_END.split(" ".join(lines)):
        if terms(sentence):
            yield sentence.strip()
