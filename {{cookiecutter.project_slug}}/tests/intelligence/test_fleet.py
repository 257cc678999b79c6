"""The fleet: which deployment a call goes to first, which it may go on to, and what its breakers forbid."""

from __future__ import annotations

import logging
import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import (
    ProviderBrokenError,
    ProviderError,
    ProviderRefusedError,
    ProviderThrottledError,
    ProviderUnavailableError,
)
from app.intelligence.breaker import BreakerLimits
from app.intelligence.fleet import Fleet, counts
from app.intelligence.policy import Target
from app.intelligence.retry_budget import RetryLimits
from tests.intelligence.made_calls import Clock, target

A, B = target("a"), target("b")
SMALL = target("s", "small")
DOWN = ProviderUnavailableError("503", 503)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def fleet(clock: Clock) -> Fleet:
    return Fleet(clock=clock, random=random.Random(3).random, breaker=BreakerLimits(open_jitter=0))


def break_down(fleet: Fleet, *targets: Target) -> None:
    for place in targets:
        for _ in range(10):
            fleet.begin(place).failed(DOWN)


@pytest.mark.feature("G2")
def test_an_open_deployment_is_passed_over(fleet: Fleet) -> None:
    """Its equal takes all calls; with no equal left the next model does."""
    break_down(fleet, A)
    among_equals = {fleet.choose((A, B, SMALL)).target.name for _ in range(50)}
    break_down(fleet, B)
    behind = {fleet.choose((A, B, SMALL)).target.name for _ in range(50)}

    assert (among_equals, behind) == ({"p/b"}, {"p/s"})


@pytest.mark.feature("G2")
def test_a_call_is_the_probe(fleet: Fleet, clock: Clock) -> None:
    """After the open time the next calls go there, three at most at a time, the others elsewhere."""
    break_down(fleet, A)
    clock.now += 15

    chosen = [fleet.choose((A, B)).target.name for _ in range(5)]

    assert chosen == ["p/a"] * 3 + ["p/b"] * 2


@pytest.mark.feature("G2")
def test_with_every_breaker_open_the_one_that_opens_next_is_asked(fleet: Fleet, clock: Clock) -> None:
    """Nowhere else to go: an attempt may succeed, a refusal cannot. Its failure sends the next call to another."""
    break_down(fleet, B)
    clock.now += 1
    break_down(fleet, A)

    first = fleet.choose((A, B))
    first.failed(DOWN)
    second = fleet.choose((A, B))

    assert (first.target.name, second.target.name) == ("p/b", "p/a")


def test_recovery_in_the_midst_of_a_full_outage_closes_the_breaker(fleet: Fleet) -> None:
    """Three successes while open are three probes: nobody waits for the open time."""
    break_down(fleet, A)

    for _ in range(3):
        fleet.choose((A,)).succeeded()

    assert fleet.standings()[0].state == "closed"


@pytest.mark.feature("G2")
def test_an_equal_that_asked_for_a_rest_gets_one(fleet: Fleet, clock: Clock) -> None:
    """After Retry-After: 5 the calls of the next five seconds go to its equals, then it is back."""
    fleet.begin(A).failed(ProviderThrottledError("slow down", retry_after_s=5))

    resting = {fleet.choose((A, B)).target.name for _ in range(50)}
    alone = fleet.choose((A, SMALL)).target.name
    clock.now += 200
    back = {fleet.choose((A, B)).target.name for _ in range(50)}

    assert (resting, alone, back) == ({"p/b"}, "p/a", {"p/a", "p/b"})


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ProviderUnavailableError("503"), True),
        (ProviderThrottledError("429"), True),
        (ProviderBrokenError("no JSON"), True),
        (ProviderRefusedError("400", 400), False),
    ],
    ids=["unavailable", "throttled", "broken", "refused"],
)
def test_what_counts_as_a_failure(fleet: Fleet, error: ProviderError, expected: bool) -> None:
    """A wrong request is its caller's fault; a hundred of them close no door for others."""
    for _ in range(100):
        fleet.begin(A).failed(error)

    assert counts(error) is expected
    assert (fleet.standings()[0].state == "open") is expected


def test_an_attempt_ends_once(fleet: Fleet) -> None:
    """Ending it again, whichever way, changes nothing: no attempt under way is lost or freed twice."""
    lease = fleet.choose((A,))

    lease.succeeded()
    lease.abandoned()
    lease.failed(DOWN)

    assert fleet.standings()[0].in_flight == 0


@pytest.mark.feature("G2")
def test_a_retry_is_barred_when_the_budget_is_used_up(fleet: Fleet, clock: Clock) -> None:
    """Five retries at once are saved up, the sixth waits ten seconds; moving on to a healthy place stays free."""
    for _ in range(5):
        assert not fleet.barred((A, B), A)
        fleet.pay(A, A)

    assert fleet.barred((A, B), A) == {"p/a": "its retry budget is used up"}
    clock.now += 10
    assert not fleet.barred((A, B), A)


@pytest.mark.feature("G2")
def test_moving_on_to_a_failing_place_is_paid_like_a_retry() -> None:
    """In a storm that hits all, a failover adds load where there is too much already."""
    fleet = Fleet(retries=RetryLimits(burst=0, per_s=0), clock=Clock())
    for _ in range(8):
        fleet.begin(B).succeeded()
    before = fleet.barred((B,), A)
    for _ in range(2):
        fleet.begin(B).failed(DOWN)

    assert (before, fleet.barred((B,), A)) == ({}, {"p/b": "its retry budget is used up"})


def test_opening_and_closing_are_logged_with_name_and_cause(fleet: Fleet, caplog: pytest.LogCaptureFixture) -> None:
    """One line when a breaker opens, none for each failure."""
    with caplog.at_level(logging.WARNING):
        break_down(fleet, A)

    assert [record.getMessage() for record in caplog.records] == [
        "breaker of p/a is open, next probe in 15.0 s: last 503"
    ]


def test_ranked_puts_the_lightest_equal_first_and_keeps_the_models(fleet: Fleet) -> None:
    """Equals are sorted by burden, a standby last; the order of models is the route's."""
    standby = target("standby", weight=0)
    fleet.begin(A).failed(DOWN)
    fleet.begin(A)

    assert fleet.ranked((standby, A, B, SMALL)) == (B, A, standby, SMALL)


OUTCOMES = st.lists(
    st.tuples(st.sampled_from(["ok", "down", "cancel", "pending"]), st.floats(0, 5)), min_size=20, max_size=150
)


@pytest.mark.feature("G2")
@settings(deadline=None)
@given(OUTCOMES, st.integers(0, 1_000), st.integers(1, 4))
def test_an_open_breaker_is_never_chosen_while_another_is_closed(
    steps: list[tuple[str, float]], seed: int, places: int
) -> None:
    """For any history: the chosen target's breaker is not open within its time, unless no breaker is closed."""
    clock = Clock()
    fleet = Fleet(clock=clock, random=random.Random(seed).random, breaker=BreakerLimits(min_calls=2))
    order = (*(target(f"d{place}") for place in range(places)), SMALL)
    for outcome, seconds in steps:
        clock.now += seconds
        closed_to_all = fleet.open_among(order)
        lease = fleet.choose(order)
        assert lease.target.name not in closed_to_all
        if outcome == "ok":
            lease.succeeded()
        elif outcome == "down":
            lease.failed(DOWN)
        elif outcome == "cancel":
            lease.abandoned()


def test_choosing_and_recording_cost_microseconds() -> None:
    """Four equals and two fallbacks: choose and record together in under 50 us (about 8 on the build machine)."""
    fleet = Fleet()
    order = (*(target(f"d{place}", weight=place + 1) for place in range(4)), SMALL, target("t", "tiny"))
    best = float("inf")
    for _ in range(20):
        began = time.perf_counter()
        for _ in range(100):
            fleet.choose(order).succeeded()
        best = min(best, (time.perf_counter() - began) / 100)

    assert best < 50e-6
