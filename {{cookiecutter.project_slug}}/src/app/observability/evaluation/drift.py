"""Whether live traffic is another than it was: inputs, outputs and scores of two windows, each by a test and a size.

Words: the Jensen-Shannon distance of the two distributions, in [0, 1]. Numbers: the Kolmogorov-Smirnov distance, in
[0, 1]. Scores: the change of the mean. Chance is judged by permutation: how often do two random halves of all the calls
differ as much. With enough calls everything differs a little, so a change must also be large to count.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from app.observability.evaluation.novelty import terms

DRAWS = 200
# The commonest words of both windows; the rest is one word, so that rare names do not look like drift.
VOCABULARY = 300
_SEED = 20_120_601

Word = Literal["drift", "steady", "too few"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rule:
    """Below `min_calls` in either window nothing is said. A drift is a distance above its limit and a p below alpha."""

    alpha: float = 0.01
    min_calls: int = 50
    words: float = 0.25
    numbers: float = 0.2
    scores: float = 0.05


@dataclass(frozen=True, slots=True)
class Drift:
    """One quantity. `size` is its distance, `p` how often chance brings as much; `told` says what changed most."""

    name: str
    before: int
    after: int
    size: float
    p: float
    limit: float
    word: Word
    told: str = ""


def of_texts(name: str, before: Sequence[str], after: Sequence[str], rule: Rule) -> Drift:
    """Drift of words. `told` names those whose share changed most."""
    counted = [terms(text) for text in (*before, *after)]
    common = {word for word, _ in Counter(w for count in counted for w in count).most_common(VOCABULARY)}
    reduced = [_reduced(count, common) for count in counted]

    def distance(old: Sequence[Counter[str]], new: Sequence[Counter[str]]) -> float:
        return _jensen_shannon(_summed(old), _summed(new))

    found = _tested(name, reduced[: len(before)], reduced[len(before) :], distance, rule, rule.words)
    return found if found.word == "too few" else _with(found, _changed(reduced, len(before)))


def of_labels(name: str, before: Sequence[str], after: Sequence[str], rule: Rule) -> Drift:
    """Drift of short answers, each taken as one whole."""

    def distance(old: Sequence[str], new: Sequence[str]) -> float:
        return _jensen_shannon(Counter(old), Counter(new))

    return _tested(name, before, after, distance, rule, rule.words)


def of_numbers(name: str, before: Sequence[float], after: Sequence[float], rule: Rule) -> Drift:
    """Drift of a number's distribution."""
    found = _tested(name, before, after, _kolmogorov_smirnov, rule, rule.numbers)
    return found if found.word == "too few" else _with(found, f"median {_median(before):g} -> {_median(after):g}")


def of_scores(name: str, before: Sequence[float], after: Sequence[float], rule: Rule) -> Drift:
    """Drift of a mean from 0 to 1."""

    def change(old: Sequence[float], new: Sequence[float]) -> float:
        return abs(sum(new) / len(new) - sum(old) / len(old))

    found = _tested(name, before, after, change, rule, rule.scores)
    if found.word == "too few":
        return found
    return _with(found, f"mean {sum(before) / len(before):.3f} -> {sum(after) / len(after):.3f}")


def _tested(
    name: str,
    before: Sequence[T],
    after: Sequence[T],
    distance: Callable[[Sequence[T], Sequence[T]], float],
    rule: Rule,
    limit: float,
) -> Drift:
    if min(len(before), len(after)) < rule.min_calls:
        return Drift(name, len(before), len(after), 0.0, 1.0, limit, "too few")
    size, mixed = distance(before, after), [*before, *after]
    draw = random.Random(_SEED)  # noqa: S311 (statistics, not secrets)
    as_much = 0
    for _ in range(DRAWS):
        draw.shuffle(mixed)
        as_much += distance(mixed[: len(before)], mixed[len(before) :]) >= size - 1e-12
    p = (as_much + 1) / (DRAWS + 1)
    word: Word = "drift" if size > limit and p < rule.alpha else "steady"
    return Drift(name, len(before), len(after), size, p, limit, word)


def _jensen_shannon(old: Counter[str], new: Counter[str]) -> float:
    old_total, new_total = sum(old.values()), sum(new.values())
    if not old_total or not new_total:
        return float(bool(old_total) != bool(new_total))
    divergence = 0.0
    for word in old.keys() | new.keys():
        p, q = old[word] / old_total, new[word] / new_total
        middle = (p + q) / 2
        divergence += sum(share * math.log2(share / middle) / 2 for share in (p, q) if share)
    return math.sqrt(max(0.0, divergence))


def _kolmogorov_smirnov(old: Sequence[float], new: Sequence[float]) -> float:
    left, right = sorted(old), sorted(new)
    return max(
        abs(bisect_right(left, value) / len(left) - bisect_right(right, value) / len(right))
        for value in {*left, *right}
    )


def _reduced(counts: Counter[str], common: set[str]) -> Counter[str]:
    kept = Counter({word: n for word, n in counts.items() if word in common})
    kept["…"] = counts.total() - kept.total()
    return kept


def _summed(counts: Sequence[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return total


def _changed(reduced: Sequence[Counter[str]], before: int) -> str:
    old, new = _summed(reduced[:before]), _summed(reduced[before:])
    moved = {
        word: new[word] / max(1, new.total()) - old[word] / max(1, old.total()) for word in old.keys() | new.keys()
    }
    ranked = sorted((word for word in moved if word != "…"), key=lambda word: (-abs(moved[word]), word))
    return ", ".join(f"{'+' if moved[word] > 0 else '-'}{word}" for word in ranked[:6])


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _with(found: Drift, told: str) -> Drift:
    return Drift(found.name, found.before, found.after, found.size, found.p, found.limit, found.word, told)
