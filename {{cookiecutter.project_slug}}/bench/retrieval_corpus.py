"""The made corpus of the retrieval benchmark: skewed words, clustered vectors, tenants, groups, and what is asked.

The same numbers give the same corpus. Everything is made in blocks, so that a million chunks fit: vectors and the
numbers of words are kept, texts are put together when somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy

from app.caller import Caller

Scope = Literal["readers", "tenant", "everything"]
GROUPS = 64
PER_DOCUMENT = 12
WORDS = 90
BLOCK = 50_000
# A word counts as common when it is among so many of the most frequent ones.
COMMON = 300
SHARES = (0.5, 0.2, 0.1, 0.1, 0.05, 0.03, 0.01, 0.01)
SYLLABLES = "ba ke li mo nu ra se ti vo zu dar fen gil hos jun pal quer stem tor win lan mir"


@dataclass(frozen=True)
class Corpus:
    """`tenant` and `groups` by document; `words` (numbers into `vocabulary`) and `vectors` by chunk.

    A question is made from the chunk `targets` names; `asked` is its vector.
    """

    tenant: list[str]
    groups: list[list[str]]
    vocabulary: Any
    words: Any
    vectors: Any
    targets: Any
    asked: Any
    per_document: int = PER_DOCUMENT

    def __len__(self) -> int:
        return len(self.vectors)

    def document(self, chunk: int) -> int:
        """The number of the document a chunk belongs to."""
        return chunk // self.per_document

    def block(self, start: int, end: int) -> Any:
        """The vectors from one chunk to another."""
        return self.vectors[start:end]

    def text(self, chunk: int) -> str:
        """One chunk's text."""
        return " ".join(self.vocabulary[self.words[chunk]])

    def texts(self) -> Iterator[str]:
        """All of them, in order."""
        for start in range(0, len(self), BLOCK):
            for words in self.vocabulary[self.words[start : start + BLOCK]]:
                yield " ".join(words)


def make(chunks: int, dimensions: int, questions: int) -> Corpus:
    """A corpus of so many chunks, and so many questions."""
    rng = numpy.random.default_rng(7)
    syllables = numpy.array(SYLLABLES.split())
    vocabulary = numpy.unique(["".join(rng.choice(syllables, rng.integers(2, 5))) for _ in range(45_000)])
    rng.shuffle(vocabulary)
    frequency = 1 / numpy.arange(1, len(vocabulary) + 1) ** 1.05
    frequency /= frequency.sum()
    topics = max(50, chunks // 100)
    centres = _unit(rng.standard_normal((topics, dimensions), dtype="f4"))
    own = rng.integers(COMMON, len(vocabulary), (topics, 40))
    words = numpy.empty((chunks, WORDS), dtype="i4")
    vectors = numpy.empty((chunks, dimensions), dtype="f4")
    for start in range(0, chunks, BLOCK):
        count = min(BLOCK, chunks - start)
        topic = rng.integers(0, topics, count)
        noise = rng.standard_normal((count, dimensions), dtype="f4") * numpy.float32(0.9 / dimensions**0.5)
        vectors[start : start + count] = _unit(centres[topic] + noise)
        common = rng.choice(len(vocabulary), (count, WORDS), p=frequency)
        topical = own[topic[:, None], rng.integers(0, 40, (count, WORDS))]
        words[start : start + count] = numpy.where(rng.random((count, WORDS)) < 0.35, topical, common)
    documents = -(-chunks // PER_DOCUMENT)
    tenants = rng.choice(len(SHARES), documents, p=SHARES)
    groups = [sorted({f"g{n}" for n in rng.integers(0, GROUPS, rng.integers(1, 4))}) for _ in range(documents)]
    targets = rng.choice(chunks, questions, replace=False)
    noise = rng.standard_normal((questions, dimensions), dtype="f4") * numpy.float32(0.6 / dimensions**0.5)
    asked = _unit(vectors[targets] + noise)
    return Corpus([f"t{n}" for n in tenants], groups, vocabulary, words, vectors, targets, asked)


def callers(corpus: Corpus) -> list[Caller]:
    """For each question somebody of the tenant with one of the document's groups and three others."""
    rng = numpy.random.default_rng(11)
    made = []
    for target in corpus.targets:
        document = corpus.document(int(target))
        groups = {corpus.groups[document][0], *(f"g{n}" for n in rng.integers(0, GROUPS, 3))}
        made.append(Caller(tenant=corpus.tenant[document], groups=frozenset(groups)))
    return made


def exact(corpus: Corpus, asking: list[Caller], scope: Scope = "readers") -> list[set[str]]:
    """The ten nearest chunks of what each caller may read, of the caller's tenant or of everything, all compared."""
    tenants = numpy.array([int(name[1:]) for name in corpus.tenant])
    held = numpy.zeros((len(corpus.groups), GROUPS), dtype=bool)
    for number, groups in enumerate(corpus.groups):
        held[number, [int(name[1:]) for name in groups]] = True
    truth = []
    for caller, vector in zip(asking, corpus.asked, strict=True):
        open_ = (tenants == int(caller.tenant[1:])) | (scope == "everything")
        if scope == "readers":
            open_ &= held[:, [int(name[1:]) for name in caller.groups]].any(axis=1)
        rows = numpy.flatnonzero(numpy.repeat(open_, PER_DOCUMENT)[: len(corpus)])
        near = numpy.argsort(-(corpus.vectors[rows] @ vector), kind="stable")[:10]
        truth.append({f"c{row}" for row in rows[near]})
    return truth


def questions(corpus: Corpus) -> tuple[list[str], list[str]]:
    """Three rare words of the target chunk; the same with four common ones, as people ask."""
    common = frozenset(corpus.vocabulary[:COMMON])
    short, long = [], []
    for target in corpus.targets:
        words = list(dict.fromkeys(corpus.text(int(target)).split()))
        rare = [word for word in words if word not in common][:3]
        usual = [word for word in words if word in common][:4]
        short.append(" ".join(rare))
        long.append(" ".join(rare + usual))
    return short, long


def _unit(vectors: Any) -> Any:
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)
