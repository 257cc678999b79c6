"""Paired comparison of two runs over the same cases: is a loss more than noise?

Only cases whose score changed carry information. If a change were noise, each would be as likely to rise as to
fall; the test is the share of all ways to flip the signs of the changes that lose at least as much as was lost
(sign-flip permutation test). For right-or-wrong scores that is McNemar's exact test, with a closed form. Graded
scores are drawn, 20,000 times from a fixed seed, so the same runs always get the same answer.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

_DRAWS = 20_000
_SEED = 20_240_229


@dataclass(frozen=True, slots=True)
class Flip:
    """A case whose score changed."""

    case: str
    before: float
    after: float

    @property
    def change(self) -> float:
        """Below zero is a loss."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """`change` of the mean over `n` cases, with its 95% interval; `p_loss` is the chance that noise loses as much."""

    n: int
    before: float
    after: float
    low: float
    high: float
    p_loss: float
    flips: tuple[Flip, ...]

    @property
    def change(self) -> float:
        """Change of the mean."""
        return self.after - self.before


def compare(before: Mapping[str, float], after: Mapping[str, float]) -> Comparison | None:
    """Compare the scores of the cases both have, worst loss first among the flips; None when they share no case."""
    shared = sorted(before.keys() & after.keys())
    if not shared:
        return None
    changes = [after[name] - before[name] for name in shared]
    flips = [Flip(name, before[name], after[name]) for name in shared if abs(after[name] - before[name]) > 1e-6]
    n = len(shared)
    mean = sum(changes) / n
    spread = math.sqrt(sum((change - mean) ** 2 for change in changes) / max(1, n - 1) / n)
    return Comparison(
        n=n,
        before=sum(before[name] for name in shared) / n,
        after=sum(after[name] for name in shared) / n,
        low=mean - 1.96 * spread,
        high=mean + 1.96 * spread,
        p_loss=chance_of_loss([flip.change for flip in flips]),
        flips=tuple(sorted(flips, key=lambda flip: (flip.change, flip.case))),
    )


def chance_of_loss(changes: list[float]) -> float:
    """How often changes of these sizes with random signs sum to as little as they do; 1.0 without any change."""
    sizes = [abs(change) for change in changes]
    if not sizes:
        return 1.0
    if max(sizes) - min(sizes) < 1e-6:
        losses = sum(change < 0 for change in changes)
        ways: int = sum(math.comb(len(changes), k) for k in range(losses, len(changes) + 1))
        return ways / float(2 ** len(changes))
    observed = sum(changes) + 1e-9
    draw = random.Random(_SEED)  # noqa: S311 (statistics, not secrets)
    as_low = sum(sum(size if draw.random() < 0.5 else -size for size in sizes) <= observed for _ in range(_DRAWS))
    return (as_low + 1) / (_DRAWS + 1)
