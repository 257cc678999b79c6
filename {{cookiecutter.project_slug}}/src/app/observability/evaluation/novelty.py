"""How unlike what is known a text is, by its words: what to label next is what nothing known resembles.

Cosine over words weighted by how rare they are among all texts at hand. No model: it sees new words, not new meanings.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

WORD = re.compile(r"[^\W_]{3,}")

Vector = Mapping[str, float]


def terms(text: str) -> Counter[str]:
    """Words of three letters or more, counted."""
    return Counter(WORD.findall(text.casefold()))


class Novelty:
    """Against known texts. `most_novel` picks texts that differ from the known ones and from each other."""

    def __init__(self, known: Sequence[str], texts: Sequence[str] = ()) -> None:
        counts = [terms(text) for text in (*known, *texts)]
        found: Counter[str] = Counter(word for count in counts for word in count)
        self._rare = {word: math.log(1 + len(counts) / n) for word, n in found.items()}
        self._known = [self._vector(count) for count in counts[: len(known)]]

    def of(self, text: str) -> float:
        """1 for a text that shares no word with anything known, 0 for a copy."""
        vector = self._vector(terms(text))
        return 1.0 - max((_dot(vector, other) for other in self._known), default=0.0)

    def most_novel(self, texts: Sequence[str], count: int) -> list[tuple[int, float]]:
        """Places and novelty of up to `count` texts, each also unlike those picked before it."""
        vectors = [self._vector(terms(text)) for text in texts]
        nearest = [max((_dot(vector, other) for other in self._known), default=0.0) for vector in vectors]
        picked: list[tuple[int, float]] = []
        left = set(range(len(texts)))
        while left and len(picked) < count:
            best = min(left, key=lambda place: (nearest[place], place))
            picked.append((best, 1.0 - nearest[best]))
            left.discard(best)
            for place in left:
                nearest[place] = max(nearest[place], _dot(vectors[place], vectors[best]))
        return picked

    def _vector(self, counts: Counter[str]) -> Vector:
        weights = {word: (1 + math.log(n)) * self._rare.get(word, 1.0) for word, n in counts.items()}
        length = math.sqrt(sum(weight * weight for weight in weights.values()))
        return {word: weight / length for word, weight in weights.items()} if length else {}


def _dot(left: Vector, right: Vector) -> float:
    shorter, longer = sorted((left, right), key=len)
    return sum(weight * longer[word] for word, weight in shorter.items() if word in longer)
