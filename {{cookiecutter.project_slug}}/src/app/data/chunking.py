"""Documents cut into chunks along their structure: a pure function from text and settings to values.

A chunk never spans two sections. Sentences, list items, tables and code stay whole; only what exceeds OVERSIZE times
the wanted size is cut, a table between rows with its header repeated. Chunks of one section overlap by whole sentences.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.data import sections
from app.data.documents import Document
from app.data.sections import Block, Section
from app.settings import Retrieval

# Part of every chunk's identity: raise it with any change that alters what comes out.
CHUNKER_VERSION = "1"
CHARACTERS_PER_TOKEN = 4
OVERSIZE = 4
# A last piece smaller than this share is kept with the one before it.
SLACK = 0.2

CLOSING = r"(?:[\"'”’»)\]*_]*)"
OPENING = r"[\"'“‘«(\[*_¿¡]*[A-Z0-9ÀÁÂÄÅÆÇÈÉÊËÍÎÑÓÔÖØÚÛÜČŠŽ]"
SENTENCE_END = re.compile(rf"(?<=[.!?…]){CLOSING}(\s+)(?={OPENING})|(?<=[。！？])()(?=\S)")
ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|e\.g|i\.e|z\. ?B|d\. ?h|u\. ?a|p\. ?ej|etc|vs|cf|approx|no|nr|núm|art|abs|ca|bzw|usw"
    r"|mr|mrs|ms|dr|st)\.$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document. `id` is stable: it changes only with tenant, document, heading path, place under that
    heading, or chunker version, not with the text; `content_hash` covers what an embedding is made from.

    `tokens` is an estimate, four characters each. `span` is where it stands in the document's text, from its first
    character to past its last; None where the text was cleaned so that it does not stand there letter by letter.
    """

    id: str
    tenant: str
    document_id: str
    document_version: str
    ordinal: int
    title: str
    heading: tuple[str, ...]
    text: str
    tokens: int
    language: str
    content_hash: str
    chunker_version: str
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not cut. `before` is the white space to what precedes it; `repeatable` says it may serve as overlap."""

    text: str
    before: str
    repeatable: bool


def chunk(document: Document, settings: Retrieval) -> list[Chunk]:
    """The chunks of a document, in order."""
    made: list[Chunk] = []
    seen: Counter[tuple[str, ...]] = Counter()
    reached = 0
    for section in sections.split(document.text):
        for text in _texts(section, settings.chunk_tokens, settings.overlap):
            span = _span(document.text, text, reached)
            reached = span[0] if span else reached
            made.append(_chunk(document, section.heading, seen[section.heading], len(made), text, span))
            seen[section.heading] += 1
    return made


def chunking_identity(settings: Retrieval) -> str:
    """What has to be equal for chunks made earlier to be still good."""
    return f"{CHUNKER_VERSION}/{settings.chunk_tokens}/{settings.overlap}"


def embedding_input(title: str, heading: Sequence[str], text: str) -> str:
    """What is embedded for a chunk: its text under its headings, since a table row alone says little."""
    return f"{label(title, heading)}\n{text}"


def label(title: str, heading: Sequence[str]) -> str:
    """Title and headings on one line, `Refunds > Refund window`; a top heading that repeats the title is left out."""
    below = heading[1:] if heading and heading[0] == title else heading
    return " > ".join((title, *below))


def tokens(text: str) -> int:
    """Estimated size of a text."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def rows(chunks: Sequence[Chunk]) -> list[dict[str, Any]]:
    """One row a chunk for the chunks gate."""
    return [{**asdict(one), "heading": " > ".join(one.heading), "characters": len(one.text.strip())} for one in chunks]


def _span(whole: str, text: str, reached: int) -> tuple[int, int] | None:
    """Where a chunk stands, found by its first and last line; chunks overlap, so the search begins at the last start.

    A piece of a long table begins at the head that it repeats.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    start = whole.find(lines[0], reached) if lines else -1
    if start < 0:
        return None
    last = lines[-1]
    end = whole.find(last, start + max(0, len(text) * 4 // 5 - len(last)) if len(lines) > 1 else start)
    return (start, end + len(last)) if end >= 0 else None


def _chunk(
    document: Document,
    heading: tuple[str, ...],
    within: int,
    ordinal: int,
    text: str,
    span: tuple[int, int] | None,
) -> Chunk:
    identity = json.dumps([document.tenant, document.id, CHUNKER_VERSION, heading, within], ensure_ascii=False)
    return Chunk(
        id=_hash(identity)[:32],
        tenant=document.tenant,
        document_id=document.id,
        document_version=document.version,
        ordinal=ordinal,
        title=document.title,
        heading=heading,
        text=text,
        tokens=tokens(text),
        language=document.language,
        content_hash=_hash(embedding_input(document.title, heading, text)),
        chunker_version=CHUNKER_VERSION,
        span=span,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _texts(section: Section, size: int, overlap: float) -> Iterator[str]:
    """The texts of a section: units are added until the next one does not fit."""
    units = [unit for block in section.blocks for unit in _units(block, size)]
    rest = sum(_length(unit) for unit in units)
    wanted, held = size * CHARACTERS_PER_TOKEN, 0
    current: list[_Unit] = []
    for unit in units:
        fits = held + _length(unit) <= wanted
        rest_fits = held + rest <= wanted * (1 + SLACK)
        if current and not fits and not rest_fits:
            yield _join(current)
            current = _tail(current, round(held * overlap))
            held = sum(_length(kept) for kept in current)
        current.append(unit)
        held += _length(unit)
        rest -= _length(unit)
    if current:
        yield _join(current)


def _tail(units: list[_Unit], wanted: int) -> list[_Unit]:
    """The last units that come nearest to `wanted` characters. Tables and code are never repeated."""
    kept, length = len(units), 0
    for start in range(len(units) - 1, 0, -1):
        longer = length + _length(units[start])
        if not units[start].repeatable or abs(longer - wanted) > abs(length - wanted):
            break
        kept, length = start, longer
    return units[kept:]


def _length(unit: _Unit) -> int:
    return len(unit.before) + len(unit.text)


def _join(units: Sequence[_Unit]) -> str:
    return "".join((unit.before if index else "") + unit.text for index, unit in enumerate(units))


def _units(block: Block, size: int) -> Iterator[_Unit]:
    limit = size * OVERSIZE
    whole = block.kind in ("table", "code")
    if whole:
        parts = [(text, "\n\n") for text in _cut_lines(block, limit)]
    elif block.kind == "list":
        parts = [(item, "\n") for item in _items(block.text)]
    else:
        parts = _sentences(block.text)
    for index, (text, before) in enumerate(parts):
        for number, piece in enumerate([text] if whole else _cut_words(text, limit)):
            yield _Unit(piece, " " if number else (before if index else "\n\n"), repeatable=not whole)


def _sentences(text: str) -> list[tuple[str, str]]:
    """Sentences, each with the white space that stood before it."""
    found: list[tuple[str, str]] = []
    start, before = 0, ""
    for match in SENTENCE_END.finditer(text):
        gap = match.start(1) if match[1] is not None else match.start()
        sentence = text[start:gap]
        if ABBREVIATION.search(sentence):
            continue
        found.append((sentence, before))
        start, before = match.end(), match[1] or ""
    return [*found, (text[start:], before)]


def _items(text: str) -> list[str]:
    """Top items of a list, each with what is indented below it."""
    items: list[list[str]] = []
    for line in text.split("\n"):
        if not line.strip():
            continue
        if sections.ITEM.match(line) or not items:
            items.append([line])
        else:
            items[-1].append(line)
    return ["\n".join(item) for item in items]


def _cut_lines(block: Block, limit: int) -> list[str]:
    """A table or code block, in one piece unless it is beyond all measure; then each piece has the head and foot."""
    if tokens(block.text) <= limit:
        return [block.text]
    lines = block.text.split("\n")
    head, body, foot = _frame(block.kind, lines)
    pieces: list[list[str]] = [[]]
    for line in body:
        if pieces[-1] and tokens("\n".join([*head, *pieces[-1], line, *foot])) > limit:
            pieces.append([])
        pieces[-1].append(line)
    return ["\n".join([*head, *piece, *foot]) for piece in pieces]


def _frame(kind: str, lines: list[str]) -> tuple[list[str], list[str], list[str]]:
    if kind == "code":
        closed = len(lines) > 1 and sections.FENCE.match(lines[-1]) is not None
        return lines[:1], lines[1 : -1 if closed else None], lines[-1:] if closed else []
    ruled = len(lines) > 1 and set(lines[1]) <= set("|-: ")
    return (lines[:2], lines[2:], []) if ruled else ([], lines, [])


def _cut_words(text: str, limit: int) -> list[str]:
    """A sentence beyond all measure is cut between words, a word beyond it between characters."""
    if tokens(text) <= limit:
        return [text]
    width = limit * CHARACTERS_PER_TOKEN
    pieces: list[str] = []
    while len(text) > width:
        cut = text.rfind(" ", 1, width)
        cut = cut if cut > 0 else width
        pieces.append(text[:cut])
        text = text[cut:].lstrip()
    return [*pieces, text] if text else pieces
