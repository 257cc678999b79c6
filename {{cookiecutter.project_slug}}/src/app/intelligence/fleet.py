"""All deployments as this process has seen them: which to ask first, which further ones may be asked, what came of it.

Each has a breaker, a load and a retry budget. The choice is made in microseconds and never waits.
"""

from __future__ import annotations

import logging
import random as random_numbers
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.errors import ProviderError, ProviderRefusedError, ProviderThrottledError
from app.intelligence.balance import BalanceLimits, Load, pick
from app.intelligence.breaker import Breaker, BreakerLimits, State
from app.intelligence.policy import Target
from app.intelligence.retry_budget import RetryBudget, RetryLimits

log = logging.getLogger(__name__)

# Beyond this a place is not kept at rest on its own word alone; its breaker decides.
REST_MAX_S = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """One deployment as it stands. `failure_rate` is None below the breaker's minimum volume."""

    name: str
    state: State
    failure_rate: float | None
    in_flight: int


class _Known:
    """What the fleet keeps of one deployment."""

    __slots__ = ("breaker", "load", "name", "retries")

    def __init__(self, name: str, breaker: Breaker, load: Load, retries: RetryBudget) -> None:
        self.name = name
        self.breaker = breaker
        self.load = load
        self.retries = retries


class Lease:
    """One attempt under way at `target`. It ends once, by whichever of its endings comes first."""

    __slots__ = ("_clock", "_epoch", "_known", "_latency_s", "_over", "_started", "target")

    def __init__(self, target: Target, known: _Known, clock: Callable[[], float], now: float) -> None:
        self.target = target
        self._known = known
        self._clock = clock
        self._started = now
        self._latency_s: float | None = None
        self._over = False
        self._epoch = known.breaker.began(now)
        known.load.in_flight += 1

    def spoke(self) -> None:
        """The first chunk of a stream is there: its latency is measured to here, not to the end of what it says."""
        self._latency_s = self._clock() - self._started

    def succeeded(self) -> None:
        """A reply came whole."""
        if self._end():
            now = self._clock()
            known, before = self._known, self._known.breaker.state
            known.load.observe(self._latency(now), now, failed=False)
            known.breaker.succeeded(now, self._epoch)
            if known.breaker.state != before:
                log.warning("breaker of %s is %s: an attempt succeeded", known.name, known.breaker.state)

    def failed(self, error: ProviderError) -> None:
        """The attempt failed; what does not count against the deployment only ends it."""
        if not counts(error):
            self.abandoned()
        elif self._end():
            now = self._clock()
            known, before = self._known, self._known.breaker.state
            known.load.observe(self._latency(now), now, failed=True)
            if isinstance(error, ProviderThrottledError) and error.retry_after_s is not None:
                known.load.rest_until = now + min(error.retry_after_s, REST_MAX_S)
            known.breaker.failed(now, self._epoch)
            if known.breaker.state != before:
                rest = known.breaker.opens_at - now
                log.warning("breaker of %s is open, next probe in %.1f s: last %s", known.name, rest, error)

    def abandoned(self) -> None:
        """The attempt ended without saying anything about the deployment."""
        if self._end():
            self._known.breaker.abandoned(self._epoch)

    def _end(self) -> bool:
        if self._over:
            return False
        self._over = True
        self._known.load.in_flight -= 1
        return True

    def _latency(self, now: float) -> float:
        return now - self._started if self._latency_s is None else self._latency_s


class Fleet:
    """The deployments of a process; for one event loop. `clock` and `random` can be replaced where a test decides."""

    def __init__(
        self,
        *,
        balance: BalanceLimits | None = None,
        breaker: BreakerLimits | None = None,
        retries: RetryLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random_numbers.random,
    ) -> None:
        self._balance = balance or BalanceLimits()
        self._breaker = breaker or BreakerLimits()
        self._retries = retries or RetryLimits()
        self._clock = clock
        self._random = random
        self._all: dict[str, _Known] = {}

    def choose(self, order: Sequence[Target]) -> Lease:
        """Begin a call's first attempt at the best of `order` (at least one).

        The first model with a deployment that may be asked is taken, and among its equals one is picked. A deployment
        whose breaker lets a probe through comes first: a call is the only probe there is. When every breaker is open
        the one that opens next is asked all the same: with nowhere else to go a refusal is a sure failure, an attempt
        only a likely one (Envoy's panic mode). It moves its own time on by failing, so the next call asks another.
        """
        now = self._clock()
        target = order[0] if len(order) == 1 else self._best(order, now)
        known = self._of(target, now)
        known.retries.earn()
        return Lease(target, known, self._clock, now)

    def begin(self, target: Target) -> Lease:
        """Begin a further attempt, paid for before."""
        now = self._clock()
        return Lease(target, self._of(target, now), self._clock, now)

    def open_among(self, order: Iterable[Target]) -> frozenset[str]:
        """Names of the targets whose breaker lets nothing through; none when that is true of all, as in `choose`."""
        now = self._clock()
        admitting = {target.name: self._of(target, now).breaker.admits(now) for target in order}
        if not any(admitting.values()):
            return frozenset()
        return frozenset(name for name, admits in admitting.items() if not admits)

    def ranked(self, order: Sequence[Target]) -> tuple[Target, ...]:
        """`order` with equals sorted by burden, the lightest first; models keep their order."""
        now = self._clock()
        place = {key: rank for rank, key in reversed(list(enumerate(target.equals for target in order)))}

        def key(target: Target) -> tuple[int, bool, bool, float]:
            load = self._of(target, now).load
            resting = load.rest_until > now
            return place[target.equals], target.weight == 0, resting, load.burden(target.weight, now)

        return tuple(sorted(order, key=key))

    def barred(self, order: Sequence[Target], current: Target) -> Mapping[str, str]:
        """Which of `order` a call that failed at `current` may not be sent to, by name, with the reason."""
        now = self._clock()
        reasons = dict.fromkeys(self.open_among(order), "its breaker is open")
        for target in order:
            known = self._of(target, now)
            if target.name in reasons:
                continue
            if self._paid(known, target, current, now) and not known.retries.affords(now):
                reasons[target.name] = "its retry budget is used up"
        return reasons

    def pay(self, target: Target, current: Target) -> None:
        """Take the price of sending a call that failed at `current` on to `target` out of that one's retry budget."""
        now = self._clock()
        known = self._of(target, now)
        if self._paid(known, target, current, now):
            known.retries.spend(now)

    def standings(self) -> list[Standing]:
        """All deployments asked so far, by name: for a console or metrics."""
        now = self._clock()
        return [
            Standing(name, known.breaker.state, known.breaker.failure_rate(now), known.load.in_flight)
            for name, known in sorted(self._all.items())
        ]

    def _best(self, order: Sequence[Target], now: float) -> Target:
        ready = [target for target in order if self._of(target, now).breaker.admits(now)]
        if not ready:
            return min(order, key=lambda target: self._of(target, now).breaker.opens_at)
        equals = [target for target in ready if target.equals == ready[0].equals]
        if len(equals) == 1:
            return equals[0]
        for target in equals:
            if self._of(target, now).breaker.state != "closed":
                return target
        rested = [target for target in equals if self._of(target, now).load.rest_until <= now]
        return pick(
            rested or [min(equals, key=lambda target: self._of(target, now).load.rest_until)],
            lambda target: self._of(target, now).load.burden(target.weight, now),
            self._random,
            self._balance.margin,
        )

    def _paid(self, known: _Known, target: Target, current: Target, now: float) -> bool:
        if target.name == current.name or known.breaker.state != "closed":
            return True
        rate = known.breaker.failure_rate(now)
        return rate is not None and rate >= self._retries.free_failover_below

    def _of(self, target: Target, now: float) -> _Known:
        known = self._all.get(target.name)
        if known is None:
            known = _Known(
                target.name,
                Breaker(self._breaker, self._random),
                Load(self._balance, now),
                RetryBudget(self._retries, now),
            )
            self._all[target.name] = known
        return known


def counts(error: ProviderError) -> bool:
    """Whether a failure counts against the deployment.

    Unavailable (server faults, lost connections, time-outs), broken and throttled do: each says that the next call had
    better go elsewhere. A refused request never does: it is the request that is wrong, and a caller who sends wrong
    requests must not close the door for others.
    """
    return not isinstance(error, ProviderRefusedError)
