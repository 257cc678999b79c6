"""A circuit breaker: whether one deployment is worth asking, learnt from its last outcomes.

It knows neither clock nor network: `now` is handed in, in seconds of any steady clock. Its state lives in the process.
Each replica learns for itself, because a shared state would cost a round trip a call, fail with its store, and spread
one replica's broken network path to all; the price is that each replica pays for its own first failures.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class BreakerLimits:
    """When a breaker opens and for how long.

    It looks at the last `window_calls` outcomes no older than `window_s`, and opens when at least `min_calls` of them
    are there and the share of failures reaches `failure_rate`. It stays open for `open_s`, give or take the share
    `open_jitter`, so that replicas do not come back together; then `probes` calls in a row must succeed.
    """

    window_calls: int = 50
    window_s: float = 60.0
    min_calls: int = 10
    failure_rate: float = 0.5
    open_s: float = 15.0
    open_jitter: float = 0.2
    probes: int = 3


class Breaker:
    """The breaker of one deployment. `random` gives numbers in [0, 1) for the jitter.

    An attempt is `began` and then ends exactly once: `succeeded`, `failed` or `abandoned`. `began` gives a number that
    goes back in with the outcome: what began before the state last changed says nothing about now, and is not counted.
    """

    __slots__ = ("_epoch", "_failures", "_limits", "_outcomes", "_passed", "_probing", "_random", "opens_at", "state")

    def __init__(self, limits: BreakerLimits, random: Callable[[], float]) -> None:
        self._limits = limits
        self._random = random
        self._outcomes: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._epoch = 0
        self._probing = 0
        self._passed = 0
        self.state: State = "closed"
        self.opens_at = 0.0

    def admits(self, now: float) -> bool:
        """Whether an attempt may begin: always when closed; after the open time as one of `probes`."""
        if self.state == "closed":
            return True
        if self.state == "open":
            return now >= self.opens_at
        return self._probing + self._passed < self._limits.probes

    def began(self, now: float) -> int:
        """An attempt begins. One that begins while the breaker is open, for want of any other place, is a probe too."""
        if self.state == "open" and now >= self.opens_at:
            self._enter("half_open")
        if self.state == "half_open":
            self._probing += 1
        return self._epoch

    def succeeded(self, now: float, epoch: int) -> None:
        """An attempt brought a reply."""
        if self.state == "closed":
            self._note(now, failed=False)
        elif epoch == self._epoch:
            if self.state == "open":
                self._enter("half_open")
            else:
                self._probing -= 1
            self._passed += 1
            if self._passed >= self._limits.probes:
                self._enter("closed")

    def failed(self, now: float, epoch: int) -> None:
        """An attempt failed in a way that counts against the deployment; see `fleet.counts`."""
        if self.state == "closed":
            self._note(now, failed=True)
            rate = self.failure_rate(now)
            if rate is not None and rate >= self._limits.failure_rate:
                self._open(now)
        elif epoch == self._epoch:
            self._open(now)

    def abandoned(self, epoch: int) -> None:
        """An attempt ended without saying anything about the deployment: cancelled, or the request was refused."""
        if self.state == "half_open" and epoch == self._epoch:
            self._probing -= 1

    def failure_rate(self, now: float) -> float | None:
        """The share of failures in the window, None below the minimum volume."""
        self._forget(now)
        seen = len(self._outcomes)
        return self._failures / seen if seen >= self._limits.min_calls else None

    def _note(self, now: float, *, failed: bool) -> None:
        self._outcomes.append((now, failed))
        self._failures += failed
        self._forget(now)

    def _forget(self, now: float) -> None:
        outcomes, oldest = self._outcomes, now - self._limits.window_s
        while outcomes and (len(outcomes) > self._limits.window_calls or outcomes[0][0] < oldest):
            self._failures -= outcomes.popleft()[1]

    def _open(self, now: float) -> None:
        if self.state != "open":
            self._enter("open")
        spread = self._limits.open_jitter * (2 * self._random() - 1)
        self.opens_at = now + self._limits.open_s * (1 + spread)

    def _enter(self, state: State) -> None:
        self.state = state
        self._epoch += 1
        self._probing = self._passed = self._failures = 0
        self._outcomes.clear()
