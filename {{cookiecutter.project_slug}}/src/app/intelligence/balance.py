"""Choosing among equals: two are drawn by weight, and the clearly less burdened of them is taken.

"Power of two choices" (Mitzenmacher, 2001) over a decaying average of latency, as Finagle's Peak EWMA. Drawing by
weight keeps the configured shares while all are well; comparing moves calls away from a place that is slow, failing or
full. Unlike Peak EWMA one long reply does not push the average to its peak: replies differ in length tenfold.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.intelligence.policy import Target

# The share of the gap that one slower reply closes, and one outcome in the share of failures.
RISE = 0.5
FAILING = 0.2
# No place is taken for faster than this, nor for failing more often than 19 times in 20: burdens stay comparable.
LATENCY_MIN_S = 0.001
SUCCESS_MIN = 0.05


@dataclass(frozen=True, slots=True)
class BalanceLimits:
    """How fast observations fade, and how much lighter the second draw must be to be preferred.

    `memory_s` is the time constant of the averages: what was slow or failing is tried again as its memory fades.
    `margin` 1.25: the first draw stays unless the other's burden is 20 % lower, so shares follow the weights when all
    are about as fast.
    """

    memory_s: float = 20.0
    margin: float = 1.25


class Load:
    """What is known of one deployment: latency, failures, attempts under way, and until when it asks to rest."""

    __slots__ = ("_at", "_failing", "_latency_s", "_memory_s", "in_flight", "rest_until")

    def __init__(self, limits: BalanceLimits, now: float) -> None:
        self._memory_s = limits.memory_s
        self._latency_s = 0.0
        self._failing = 0.0
        self._at = now
        self.in_flight = 0
        self.rest_until = 0.0

    def observe(self, latency_s: float, now: float, *, failed: bool) -> None:
        """One attempt ended after `latency_s`. A failure that came fast is no sign of speed."""
        fade = self._fade(now)
        latency, failing = self._latency_s, self._failing * fade
        if latency_s > latency:
            self._latency_s = latency + RISE * (latency_s - latency) if latency else latency_s
        elif not failed:
            self._latency_s = latency * fade + latency_s * (1 - fade)
        self._failing = failing + FAILING * (failed - failing)
        self._at = now

    def burden(self, weight: float, now: float) -> float:
        """Expected seconds until a reply, times the attempts under way per weight: lower is better."""
        fade = self._fade(now)
        latency = max(LATENCY_MIN_S, self._latency_s * fade)
        success = max(SUCCESS_MIN, 1 - self._failing * fade)
        return latency / success * (1 + self.in_flight / (weight or 1.0))

    def _fade(self, now: float) -> float:
        return math.exp(min(0.0, self._at - now) / self._memory_s)


def pick(
    equals: Sequence[Target], burden: Callable[[Target], float], random: Callable[[], float], margin: float
) -> Target:
    """One of `equals` (at least one). Of weight 0 only when no other is among them."""
    active = [target for target in equals if target.weight > 0] or list(equals)
    if len(active) == 1:
        return active[0]
    first = _drawn(active, random())
    second = _drawn([target for target in active if target is not first], random())
    return second if burden(second) * margin < burden(first) else first


def _drawn(targets: Sequence[Target], chance: float) -> Target:
    """The target at the place `chance`, in [0, 1), of their weights laid end to end."""
    left = chance * sum(target.weight for target in targets)
    for target in targets:
        left -= target.weight
        if left < 0:
            return target
    return targets[min(len(targets) - 1, int(chance * len(targets)))]
