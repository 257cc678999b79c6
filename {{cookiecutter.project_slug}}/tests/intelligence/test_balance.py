"""Choosing among equals: shares follow the weights, slow, failing and full places are left alone, none is forgotten."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import ProviderUnavailableError
from app.intelligence.balance import BalanceLimits, Load, pick
from app.intelligence.fleet import Fleet
from app.intelligence.policy import Target
from tests.intelligence.made_calls import Clock, target

A, B, C = target("a"), target("b"), target("c")
DOWN = ProviderUnavailableError("503", 503)


def drawn(
    equals: Sequence[Target], burden: Callable[[Target], float] = lambda _: 1.0, times: int = 4_000
) -> dict[str, float]:
    """The share of each target among seeded choices."""
    numbers = random.Random(7)
    counts = Counter(pick(equals, burden, numbers.random, 1.25).deployment.id for _ in range(times))
    return {name: count / times for name, count in counts.items()}


@pytest.mark.feature("G4")
def test_shares_follow_the_weights() -> None:
    """While all are as fast, weights 3, 1 and 1 give 60, 20 and 20 per cent."""
    shares = drawn([target("a", weight=3), B, C])

    assert shares == pytest.approx({"a": 0.6, "b": 0.2, "c": 0.2}, abs=0.03)


@pytest.mark.feature("G4")
def test_the_clearly_heavier_of_two_is_not_taken() -> None:
    """Of two drawn the one with twice the burden loses every time; a tenth more changes nothing."""
    heavy = {"a": 2.0, "b": 1.0}
    slight = {"a": 1.1, "b": 1.0}

    assert drawn([A, B], lambda t: heavy[t.deployment.id]) == {"b": 1.0}
    assert drawn([A, B], lambda t: slight[t.deployment.id]) == pytest.approx({"a": 0.5, "b": 0.5}, abs=0.03)


def test_a_standby_serves_only_alone() -> None:
    """Weight 0 gets nothing while another is there, and everything when none is."""
    standby = target("standby", weight=0)

    assert drawn([A, standby]) == {"a": 1.0}
    assert drawn([standby]) == {"standby": 1.0}


@pytest.mark.feature("G4")
@given(st.lists(st.floats(0, 10), min_size=1, max_size=6), st.floats(0, 1, exclude_max=True), st.integers())
def test_any_chance_picks_one_of_the_equals(weights: list[float], chance: float, seed: int) -> None:
    """For all weights and random numbers the choice is one of them, of weight 0 only when all are."""
    equals = [target(f"d{place}", weight=weight) for place, weight in enumerate(weights)]

    chosen = pick(equals, lambda t: random.Random(seed + t.weight).random(), lambda: chance, 1.25)

    assert chosen in equals
    assert chosen.weight > 0 or not any(weights)


@pytest.mark.feature("G4")
def test_burden_grows_with_latency_failures_and_attempts_under_way() -> None:
    """Slower, failing and busier are each heavier; weight carries attempts under way."""
    slow, fast, failing, busy = (Load(BalanceLimits(), 0.0) for _ in range(4))
    slow.observe(2.0, 0.0, failed=False)
    for load in (fast, failing, busy):
        load.observe(1.0, 0.0, failed=False)
    failing.observe(0.01, 0.0, failed=True)
    busy.in_flight = 4

    burdens = [load.burden(1.0, 0.0) for load in (fast, failing, slow, busy)]

    assert burdens == pytest.approx([1.0, 1.25, 2.0, 5.0])
    assert busy.burden(4.0, 0.0) == pytest.approx(2.0)


def test_memory_fades() -> None:
    """After a few time constants a slow, failing place is as light as a new one."""
    load, new = Load(BalanceLimits(memory_s=20), 0.0), Load(BalanceLimits(), 0.0)
    load.observe(20.0, 0.0, failed=True)

    assert load.burden(1.0, 400.0) == pytest.approx(new.burden(1.0, 0.0))


def simulate(
    fleet: Fleet, clock: Clock, equals: Sequence[Target], latency_s: dict[str, float], *, calls: int, every_s: float
) -> Counter[str]:
    """Calls arriving evenly, each taking the latency of where it goes; how many went where."""
    counts: Counter[str] = Counter()
    under_way: list[tuple[float, int, object]] = []
    for number in range(calls):
        clock.now += every_s
        for done in [item for item in under_way if item[0] <= clock.now]:
            done[2].succeeded()  # type: ignore[attr-defined]
            under_way.remove(done)
        lease = fleet.choose(equals)
        name = lease.target.deployment.id
        counts[name] += 1
        under_way.append((clock.now + latency_s[name], number, lease))
    return counts


@pytest.mark.feature("G4")
def test_a_slow_deployment_gets_few_calls_until_it_is_fast_again() -> None:
    """Ten times slower: under a fifth of the calls. Fast again: its share comes back."""
    clock = Clock()
    fleet = Fleet(clock=clock, random=random.Random(1).random)

    slow = simulate(fleet, clock, [A, B], {"a": 0.2, "b": 2.0}, calls=2_000, every_s=0.05)
    mended = simulate(fleet, clock, [A, B], {"a": 0.2, "b": 0.2}, calls=4_000, every_s=0.05)

    assert slow["b"] < 0.2 * 2_000
    assert mended["b"] > 0.4 * 4_000


@pytest.mark.feature("G4")
@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(0.1, 5), st.floats(0.05, 10)), min_size=2, max_size=5), st.integers(0, 1_000))
def test_every_reachable_deployment_is_chosen_in_the_end(places: list[tuple[float, float]], seed: int) -> None:
    """Whatever weights and latencies, each gets calls again and again: what was slow once is not written off."""
    clock = Clock()
    fleet = Fleet(clock=clock, random=random.Random(seed).random)
    equals = [target(f"d{place}", weight=weight) for place, (weight, _) in enumerate(places)]
    latency = {f"d{place}": seconds for place, (_, seconds) in enumerate(places)}

    for _ in range(2):
        counts = simulate(fleet, clock, equals, latency, calls=1_500, every_s=0.5)
        assert set(counts) == set(latency)
