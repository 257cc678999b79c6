"""Checking an answer against its sources: every sentence must cite one, and the one it cites must speak of the same.

A sentence stands when it carries a marker `[n]` of a retrieved source, shares enough content words with it, and every
number in it stands in a source it cites. Other sentences are removed. That finds invented facts and swapped sources; it
does not judge whether a sentence follows from its source. Pure functions over values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.data.retrieval import Hit
from app.orchestration.answer import Citation

MARKER = re.compile(r"\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]")
# A sentence ends at its punctuation and the markers behind it, where something new begins, or with its line. A line
# break stands for itself, so that lists and paragraphs keep their form when a sentence between them goes.
END = re.compile(r"[.!?][\"')\]*]*(?:[ \t]*\[\d{1,3}(?:\s*,\s*\d{1,3})*\])*[ \t]+(?=[^\s\[a-z])|(?<=[^\n])(?=\n)|\n")
LIST_MARK = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])?\s*")
WORD = re.compile(r"[^\W\d_]{3,}")
NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
# Inflected forms of a word mostly agree in their first letters.
STEM = 6
# Of a sentence's content words so many must stand in the source it cites.
SHARED = 0.34
STOP_WORDS = frozenset(
    [
        "about",
        "after",
        "all",
        "also",
        "and",
        "any",
        "are",
        "been",
        "before",
        "being",
        "but",
        "can",
        "could",
        "did",
        "does",
        "each",
        "either",
        "few",
        "for",
        "from",
        "had",
        "has",
        "have",
        "her",
        "here",
        "his",
        "how",
        "into",
        "its",
        "itself",
        "may",
        "might",
        "more",
        "most",
        "must",
        "nor",
        "not",
        "off",
        "once",
        "one",
        "only",
        "onto",
        "other",
        "our",
        "out",
        "over",
        "own",
        "per",
        "please",
        "same",
        "shall",
        "she",
        "should",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "too",
        "two",
        "under",
        "until",
        "upon",
        "use",
        "using",
        "very",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "within",
        "without",
        "would",
        "yes",
        "yet",
        "you",
        "your",
    ]
)


@dataclass(frozen=True, slots=True)
class Verified:
    """What is left of a text. `removed` are the sentences that had no support."""

    text: str
    citations: tuple[Citation, ...]
    removed: tuple[str, ...]


@dataclass
class Verifier:
    """Verifies a text that arrives in pieces: a sentence is held back until it is whole and checked.

    With `hits` None (the guard is switched off, which production refuses) every sentence is kept, unchecked. `clear`
    takes out of a kept sentence what nobody vouches for, such as a picture that a document has planted.
    """

    hits: Sequence[Hit] | None
    clear: Callable[[str], str] = str
    _held: str = ""
    _kept: list[str] = field(default_factory=list)
    _removed: list[str] = field(default_factory=list)
    _citations: dict[int, Citation] = field(default_factory=dict)

    def feed(self, piece: str) -> str:
        """Take a piece; returns the verified text it completes, often empty."""
        self._held += piece
        *whole, self._held = split_sentences(self._held)
        return "".join(self._check(sentence) for sentence in whole)

    def finish(self) -> str:
        """The rest, verified."""
        rest, self._held = self._held, ""
        return self._check(rest)

    def outcome(self) -> Verified:
        """Everything so far."""
        citations = tuple(self._citations[marker] for marker in sorted(self._citations))
        return Verified("".join(self._kept).strip(), citations, tuple(self._removed))

    def _check(self, sentence: str) -> str:
        if self.hits is None:
            return self._keep(sentence)
        if not sentence.strip():
            return self._keep(sentence) if self._kept and self._kept[-2:] != ["\n", "\n"] else ""
        cited = supporting(sentence, self.hits)
        if not cited:
            self._removed.append(sentence.strip())
            return ""
        for marker in cited:
            self._citations.setdefault(marker, _citation(marker, sentence, self.hits[marker - 1]))
        return self._keep(_without_other_markers(sentence, cited))

    def _keep(self, text: str) -> str:
        text = self.clear(text)
        self._kept.append(text)
        return text


def verify(text: str, hits: Sequence[Hit]) -> Verified:
    """Keep the supported sentences of a whole text; marker `[n]` means `hits[n - 1]`."""
    verifier = Verifier(hits)
    verifier.feed(text)
    verifier.finish()
    return verifier.outcome()


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, each with the space behind it; joined they are the text. The last may be unfinished."""
    sentences: list[str] = []
    start = 0
    for end in END.finditer(text):
        if end.group().strip() and LIST_MARK.fullmatch(text[start : end.end()]):
            continue
        sentences.append(text[start : end.end()])
        start = end.end()
    return [*sentences, text[start:]]


def supporting(sentence: str, hits: Sequence[Hit]) -> list[int]:
    """The markers of a sentence whose sources support it; empty when it has none, or a number no cited source holds."""
    cited = [marker for marker in markers(sentence) if 1 <= marker <= len(hits)]
    claim = MARKER.sub(" ", sentence)
    words = content_words(claim)
    supported = [marker for marker in cited if _shares(words, _source(hits[marker - 1]))]
    known = {number for marker in supported for number in NUMBER.findall(_source(hits[marker - 1]))}
    numbers = NUMBER.findall(LIST_MARK.sub("", claim, count=1))
    return supported if all(number in known for number in numbers) else []


def markers(text: str) -> list[int]:
    """The numbers in a text's markers, in order, each once."""
    found = (int(number) for match in MARKER.finditer(text) for number in match.group(1).split(","))
    return list(dict.fromkeys(found))


def content_words(text: str) -> set[str]:
    """Words of three letters and more that carry meaning, cut to their first letters, in lower case."""
    return {word[:STEM] for word in WORD.findall(text.lower()) if word not in STOP_WORDS}


def _shares(words: set[str], source: str) -> bool:
    return bool(words) and len(words & content_words(source)) / len(words) >= SHARED


def _source(hit: Hit) -> str:
    return " ".join((hit.title, *hit.heading, hit.text))


def _citation(marker: int, sentence: str, hit: Hit) -> Citation:
    claim = MARKER.sub(" ", sentence)
    words, numbers = content_words(claim), set(NUMBER.findall(claim))

    def likeness(passage: str) -> int:
        return len(words & content_words(passage)) + 2 * len(numbers.intersection(NUMBER.findall(passage)))

    passages = [passage.strip() for passage in split_sentences(hit.text) if passage.strip()]
    quote = max(passages, key=likeness, default=hit.text)
    return Citation(marker, hit.chunk_id, hit.document_id, hit.title, tuple(hit.heading), quote)


def _without_other_markers(sentence: str, kept: Sequence[int]) -> str:
    """Drop markers that support nothing here, so that no reader is sent to a wrong source."""

    def only_kept(match: re.Match[str]) -> str:
        numbers = [int(number) for number in match.group(1).split(",")]
        left = [str(number) for number in numbers if number in kept]
        return f"[{', '.join(left)}]" if left else ""

    return MARKER.sub(only_kept, sentence)
