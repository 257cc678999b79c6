"""How sure a metric is for the number of cases it rests on, and how many more would make it as sure as wanted.

A mean of scores from 0 to 1 varies at most as much as a share of yes and no does, so Wilson's interval of a share holds
for graded scores as well, there a little too wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

Z95 = 1.959964
# One-sided 5% and 80% power: z of the two added up.
_FINDS = 1.644854 + 0.841621


@dataclass(frozen=True, slots=True)
class Precision:
    """A mean over `n` scores with its 95% interval."""

    value: float
    n: int
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of the interval."""
        return (self.high - self.low) / 2

    @property
    def finds(self) -> float:
        """The loss a paired comparison at 5% finds four times in five, when one case in five changes."""
        return _FINDS * math.sqrt(0.2 / self.n) if self.n else 1.0


def precision(value: float, n: int) -> Precision:
    """Wilson's interval for the mean of `n` scores."""
    if n <= 0:
        return Precision(value, 0, 0.0, 1.0)
    z2 = Z95 * Z95
    centre = (value + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 / (1 + z2 / n) * math.sqrt(value * (1 - value) / n + z2 / (4 * n * n))
    return Precision(value, n, max(0.0, centre - half), min(1.0, centre + half))


def cases_needed(value: float, half_width: float) -> int:
    """The least number of cases whose interval around `value` is no wider than wanted."""
    low, high = 1, 1
    while precision(value, high).half_width > half_width:
        low, high = high, high * 2
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if precision(value, middle).half_width <= half_width else (middle + 1, high)
    return high
