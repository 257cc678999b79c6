"""The retry budget: a storm of errors adds at most a fifth to the load, and a single failure is still retried."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import CallFailedError, ProviderError, ProviderUnavailableError
from app.intelligence.attempts import Attempts
from app.intelligence.breaker import BreakerLimits
from app.intelligence.fleet import Fleet
from app.intelligence.policy import Target
from app.intelligence.retry_budget import RetryBudget, RetryLimits
from app.settings import GatewaySettings
from tests.intelligence.made_calls import REQUEST, Clock, Decided, call_over, target

A, B, SMALL = target("a"), target("b"), target("s", "small")
NEVER_OPENS = BreakerLimits(failure_rate=1.0)


async def storm(
    order: Sequence[Target],
    failing: float,
    *,
    breaker: BreakerLimits | None = None,
    seconds: float = 60.0,
    per_s: float = 20.0,
    healthy_before_s: float = 60.0,
) -> tuple[int, int, Counter[str]]:
    """Calls through Attempts on a simulated clock, well at first, then with errors: (calls, failed calls, attempts)."""
    clock, numbers = Clock(), random.Random(11)
    share = 0.0
    provider = Decided(lambda _: ProviderUnavailableError("503", 503) if numbers.random() < share else None)
    fleet = Fleet(clock=clock, random=numbers.random, breaker=breaker)

    async def sleep(seconds: float) -> None:
        """The wait of one call does not hold up the others."""

    attempts = Attempts({"p": provider}, GatewaySettings(), fleet=fleet, sleep=sleep)
    calls = failed = 0
    for phase_s, share in ((healthy_before_s, 0.0), (seconds, failing)):  # noqa: B007
        provider.asked.clear()
        calls = failed = 0
        for _ in range(int(phase_s * per_s)):
            clock.now += 1 / per_s
            calls += 1
            try:
                await attempts.complete(call_over(*order), REQUEST)
            except CallFailedError:
                failed += 1
    return calls, failed, Counter(provider.asked)


@pytest.mark.reliability("multiplied retries")
@pytest.mark.feature("G2")
@pytest.mark.parametrize("breaker", [None, NEVER_OPENS], ids=["with breaker", "budget alone"])
@pytest.mark.parametrize(
    "order", [(A,), (A, B), (A, SMALL), (A, B, SMALL)], ids=["one", "equals", "fallback", "equals and fallback"]
)
async def test_a_minute_of_errors_adds_at_most_a_fifth(
    order: tuple[Target, ...], breaker: BreakerLimits | None
) -> None:
    """Half of all attempts fail for 60 s, everywhere: all attempts, failovers included, are at most 1.2 a call."""
    calls, _, asked = await storm(order, 0.5, breaker=breaker)

    assert asked.total() / calls <= 1.2


@pytest.mark.feature("G2")
@pytest.mark.parametrize("order", [(A,), (A, B), (A, SMALL)], ids=["one", "equals", "fallback"])
async def test_a_total_outage_adds_no_more(order: tuple[Target, ...]) -> None:
    """With everything down for 60 s the providers see hardly more than one attempt a call."""
    calls, failed, asked = await storm(order, 1.0)

    assert failed == calls
    assert asked.total() / calls <= 1.2


@pytest.mark.feature("G2")
async def test_a_single_failure_at_low_traffic_is_retried() -> None:
    """One call in ten seconds, each failing once: all are retried and none fails."""
    clock, fail = Clock(), iter([True, False] * 100)

    def outcome(_: str) -> ProviderError | None:
        return ProviderUnavailableError("503", 503) if next(fail) else None

    provider = Decided(outcome)
    attempts = Attempts({"p": provider}, GatewaySettings(), fleet=Fleet(clock=clock), jitter=lambda: 0.0)
    for _ in range(100):
        clock.now += 10
        await attempts.complete(call_over(A), REQUEST)

    assert len(provider.asked) == 200


@pytest.mark.feature("G3")
async def test_an_outage_of_one_is_served_by_the_other() -> None:
    """Failing over to a healthy place is not limited: the budget does not cost a single reply."""
    clock = Clock()
    provider = Decided(lambda name: ProviderUnavailableError("503", 503) if name == "a" else None)
    attempts = Attempts({"p": provider}, GatewaySettings(), fleet=Fleet(clock=clock), jitter=lambda: 0.0)
    for _ in range(300):
        clock.now += 0.05
        await attempts.complete(call_over(A, SMALL), REQUEST)

    asked = Counter(provider.asked)
    assert asked["s"] == 300
    assert asked["a"] <= 20


@given(
    st.lists(st.tuples(st.floats(0, 3), st.integers(0, 5)), max_size=200),
    st.floats(0, 0.5),
    st.floats(0, 1),
    st.floats(1, 20),
)
def test_what_is_paid_stays_within_the_stated_bound(
    steps: list[tuple[float, int]], ratio: float, per_s: float, burst: float
) -> None:
    """In T seconds with n calls at most ratio * n + per_s * T + burst attempts are paid, however they come."""
    limits = RetryLimits(ratio=ratio, per_s=per_s, burst=burst)
    budget, now, paid = RetryBudget(limits, 0.0), 0.0, 0
    for calls, (seconds, wanted) in enumerate(steps, start=1):
        now += seconds
        budget.earn()
        paid += sum(budget.spend(now) for _ in range(wanted))

        assert paid <= ratio * calls + per_s * now + burst + 1e-6
