"""The circuit breaker: when it opens, what it lets through, and how it closes again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intelligence.breaker import Breaker, BreakerLimits

LIMITS = BreakerLimits(
    window_calls=20, window_s=60, min_calls=10, failure_rate=0.5, open_s=15, open_jitter=0.2, probes=2
)


def breaker(jitter: float = 0.5) -> Breaker:
    return Breaker(LIMITS, lambda: jitter)


def play(made: Breaker, outcomes: str, now: float = 0.0) -> None:
    """Attempts one after the other: `+` succeeds, `-` fails, `.` says nothing."""
    for outcome in outcomes:
        epoch = made.began(now)
        if outcome == "+":
            made.succeeded(now, epoch)
        elif outcome == "-":
            made.failed(now, epoch)
        else:
            made.abandoned(epoch)


def opened(now: float = 0.0) -> Breaker:
    made = breaker()
    play(made, "-" * 10, now)
    return made


@pytest.mark.feature("G2")
@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("-" * 9, "closed"),
        ("-" * 10, "open"),
        ("+" * 6 + "-" * 5, "closed"),
        ("+" * 5 + "-" * 5, "open"),
        ("+" * 500 + "-" * 9, "closed"),
        ("+" * 500 + "-" * 10, "open"),
        ("." * 100, "closed"),
    ],
    ids=["too few", "all of ten", "under half", "half", "nine of the last twenty", "ten of the last twenty", "refused"],
)
def test_it_opens_at_the_failure_rate_of_its_last_outcomes(outcomes: str, state: str) -> None:
    """Half of the last twenty, at least ten of them known; attempts that say nothing do not count."""
    made = breaker()

    play(made, outcomes)

    assert made.state == state


@pytest.mark.feature("G2")
def test_old_failures_are_forgotten() -> None:
    """What is older than the window no longer counts."""
    made = breaker()

    play(made, "-" * 9, now=0.0)
    play(made, "-" * 9, now=61.0)

    assert (made.state, made.failure_rate(61.0)) == ("closed", None)


@pytest.mark.feature("G2")
def test_after_its_time_it_lets_probes_through_and_closes_when_they_succeed() -> None:
    """Open for 15 s, then two probes at a time and no more; both succeed and it is closed, with a clean window."""
    made = opened()

    assert (made.admits(14.9), made.admits(15.0)) == (False, True)
    first, second = made.began(15.0), made.began(15.0)
    assert (made.state, made.admits(15.0)) == ("half_open", False)
    made.succeeded(16.0, first)
    made.succeeded(16.0, second)

    assert (made.state, made.admits(16.0), made.failure_rate(16.0)) == ("closed", True, None)


@pytest.mark.feature("G2")
def test_one_failed_probe_opens_it_again() -> None:
    """A failed probe costs another open time, counted from then."""
    made = opened()

    play(made, "+-", now=20.0)

    assert (made.state, made.opens_at) == ("open", 35.0)


def test_a_cancelled_probe_gives_its_place_back() -> None:
    """Probes that ended without an outcome do not keep the breaker half open for ever."""
    made = opened()

    play(made, "." * 10, now=20.0)

    assert made.admits(20.0)
    play(made, "++", now=21.0)
    assert made.state == "closed"


def test_what_began_before_the_outage_says_nothing_about_its_end() -> None:
    """A long reply from before the breaker opened arrives while it is open: no probe has succeeded."""
    made = breaker()
    early = made.began(0.0)
    play(made, "-" * 10, now=1.0)

    made.succeeded(5.0, early)
    made.failed(6.0, early)

    assert (made.state, made.opens_at) == ("open", 16.0)


def test_an_attempt_while_open_is_a_probe() -> None:
    """Asked for want of another place, a success counts as the first probe, a failure moves the time on."""
    failing, mending = opened(), opened()

    play(failing, "-", now=10.0)
    play(mending, "++", now=10.0)

    assert (failing.state, failing.opens_at) == ("open", 25.0)
    assert mending.state == "closed"


@pytest.mark.feature("G2")
@given(st.floats(0, 1, exclude_max=True))
def test_replicas_do_not_come_back_together(jitter: float) -> None:
    """The open time is spread by a fifth either way."""
    made = breaker(jitter)

    play(made, "-" * 10)

    assert 12.0 <= made.opens_at <= 18.0


@given(st.lists(st.tuples(st.sampled_from("+-."), st.floats(0, 30)), max_size=200))
def test_it_never_locks_up(steps: list[tuple[str, float]]) -> None:
    """Whatever happened, it admits an attempt after its open time, and two successes close it."""
    made, now = breaker(), 0.0
    for outcome, seconds in steps:
        now += seconds
        play(made, outcome, now)

    now = max(now, made.opens_at)

    assert made.admits(now)
    if made.state != "closed":
        play(made, "++", now)
        assert made.state == "closed"
