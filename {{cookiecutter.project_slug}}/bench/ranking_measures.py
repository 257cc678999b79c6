"""What the ranking benchmark counts of one question, and how sure the difference of two ways is over all of them."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

TOP = 10
RESAMPLED = 10_000


def ndcg(found: Sequence[str], relevant: set[str]) -> float:
    """With two grades of relevance, of the first ten."""
    gained = sum(1 / math.log2(place + 2) for place, name in enumerate(found[:TOP]) if name in relevant)
    return gained / sum(1 / math.log2(place + 2) for place in range(min(TOP, len(relevant))))


def recall(found: Sequence[str], relevant: set[str]) -> float:
    """The share of what is relevant among the first ten."""
    return len(relevant.intersection(found[:TOP])) / len(relevant)


def reciprocal_rank(found: Sequence[str], relevant: set[str]) -> float:
    """1 / place of the first relevant one; 0 where it is not among the first ten."""
    return next((1 / (place + 1) for place, name in enumerate(found[:TOP]) if name in relevant), 0.0)


MEASURES = {"nDCG@10": ndcg, "recall@10": recall, "MRR@10": reciprocal_rank}


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better one way is than another in the mean: by a paired bootstrap within `low` and `high` in 95 of 100
    cases; `p` is how often so large a difference, in either direction, comes from chance alone (signs flipped)."""

    mean: float
    low: float
    high: float
    p: float

    def __str__(self) -> str:
        return f"{self.mean:+.3f} ({self.low:+.3f} to {self.high:+.3f}, p {self.p:.4f})"


def difference(better: Sequence[float], than: Sequence[float], seed: int = 5) -> Difference:
    """Of two ways' values for the same questions, in the same order."""
    deltas = [a - b for a, b in zip(better, than, strict=True)]
    draw, mean = random.Random(seed), fmean(deltas)
    means = sorted(fmean(draw.choices(deltas, k=len(deltas))) for _ in range(RESAMPLED))
    told = [delta for delta in deltas if delta]
    extreme = sum(
        abs(sum(delta if draw.random() < 0.5 else -delta for delta in told)) >= abs(mean) * len(deltas) - 1e-12
        for _ in range(RESAMPLED)
    )
    low, high = means[int(0.025 * RESAMPLED)], means[int(0.975 * RESAMPLED)]
    return Difference(mean, low, high, (1 + extreme) / (1 + RESAMPLED))


def means(values: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Each measure's mean over the questions."""
    return {measure: round(fmean(each), 3) for measure, each in values.items()}
