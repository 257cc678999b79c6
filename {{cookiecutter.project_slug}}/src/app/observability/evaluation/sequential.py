"""Two versions compared on live traffic, by intervals that hold however often one looks.

The estimate of a difference, with its variance shrinking as traffic comes in, moves like Brownian motion in the time
1 / variance. Mixing its likelihood ratio over effects of the size `scale` gives an interval that covers the truth at
all times at once with chance 1 - alpha (the mixture sequential probability ratio test: Robbins 1970; Johari, Koomen,
Pekelis, Walsh 2022, "Always valid inference"). So a canary may be watched, and stopped, at any moment.

What is independent is the user, who keeps one version, not the call: variances are those of a ratio over users.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """One quantity of one version: sums over users, where a user has `n` values that add up to `y`."""

    users: int = 0
    n: float = 0.0
    y: float = 0.0
    yy: float = 0.0
    yn: float = 0.0
    nn: float = 0.0

    @classmethod
    def of(cls, users: list[tuple[int, float]]) -> Sample:
        """From the (n, y) of each user."""
        return cls(
            len(users),
            sum(n for n, _ in users),
            sum(y for _, y in users),
            sum(y * y for _, y in users),
            sum(y * n for n, y in users),
            sum(n * n for n, _ in users),
        )

    @property
    def mean(self) -> float:
        """Of all values."""
        return self.y / self.n if self.n else math.nan

    def variance(self, *, binary: bool = False) -> float:
        """Of the mean, values of one user taken as dependent. Infinite below two users.

        For yes-or-no values never less than what one more yes and one more no would leave, so that "no error so far"
        is not taken for certainty.
        """
        if self.users < 2:
            return math.inf
        mean = self.mean
        spread = max(0.0, self.yy - 2 * mean * self.yn + mean * mean * self.nn)
        found = spread / self.n**2 * self.users / (self.users - 1)
        if not binary:
            return found
        share = (self.y + 1) / (self.n + 2)
        return max(found, share * (1 - share) / (self.n + 2))


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and the bounds that hold at all times at once."""

    estimate: float
    low: float
    high: float


def interval(estimate: float, variance: float, *, alpha: float, scale: float) -> Interval:
    """`scale` is the size of effect the interval is tightest for; any value above 0 is valid."""
    if not math.isfinite(variance) or not math.isfinite(estimate):
        return Interval(estimate, -math.inf, math.inf)
    if variance <= 0:
        return Interval(estimate, estimate, estimate)
    mixing = scale * scale
    half = math.sqrt(
        variance * (variance + mixing) / mixing * (2 * math.log(1 / alpha) + math.log((variance + mixing) / variance))
    )
    return Interval(estimate, estimate - half, estimate + half)
