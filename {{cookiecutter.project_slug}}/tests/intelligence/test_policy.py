"""The gateway's decisions: what happens after a failed attempt, and how long it waits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import (
    ProviderBrokenError,
    ProviderError,
    ProviderRefusedError,
    ProviderThrottledError,
    ProviderUnavailableError,
)
from app.intelligence.policy import Next, Target, after_failure, backoff_s
from app.settings import Deployment

FIRST = Target("large", "openai", Deployment(id="a"))
SECOND = Target("small", "openai", Deployment(id="b"))
ORDER = (FIRST, SECOND)


def decide(error: ProviderError, current: Target = FIRST, *, left: int = 3, seconds: float = 10.0) -> Next:
    return after_failure(error, current, ORDER, attempts_left=left, seconds_left=seconds, backoff_s=0.5)


@pytest.mark.feature("G2")
@pytest.mark.parametrize("error", [ProviderUnavailableError("503"), ProviderBrokenError("no JSON")])
def test_a_passing_fault_is_tried_again_after_the_backoff(error: ProviderError) -> None:
    """Unavailable and broken replies are worth another attempt at the same place."""
    assert decide(error) == Next(FIRST, 0.5)


@pytest.mark.feature("G2")
def test_the_providers_own_delay_goes_before_ours() -> None:
    """Retry-After is honoured exactly."""
    assert decide(ProviderThrottledError("slow down", retry_after_s=2.0)) == Next(FIRST, 2.0)


@pytest.mark.feature("G3")
def test_a_delay_beyond_the_deadline_moves_on_at_once() -> None:
    """Nobody waits for a place that answers too late while another is there."""
    assert decide(ProviderThrottledError("slow down", retry_after_s=60.0)) == Next(SECOND)


@pytest.mark.feature("G2")
def test_a_refused_request_is_never_tried_there_again() -> None:
    """A 4xx moves on, without waiting."""
    assert decide(ProviderRefusedError("400", 400)) == Next(SECOND)


def test_the_last_attempts_belong_to_the_places_behind() -> None:
    """With one attempt left and one place untried, the untried one gets it."""
    assert decide(ProviderUnavailableError("503"), left=1) == Next(SECOND)


@pytest.mark.parametrize("error", [ProviderUnavailableError("503"), ProviderRefusedError("400", 400)])
def test_nothing_left_is_the_end(error: ProviderError) -> None:
    """Without attempts, or without a place, the call is given up."""
    assert decide(error, left=0) == Next(None)
    assert decide(ProviderRefusedError("400", 400), SECOND) == Next(None)


@pytest.mark.feature("G2")
@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True))
def test_backoff_grows_and_stays_within_its_bound(failures: int, jitter: float) -> None:
    """Full jitter: never negative, never above the maximum, never above initial times two to the failures."""
    delay = backoff_s(failures, initial_s=0.25, max_s=5.0, jitter=jitter)

    assert 0 <= delay <= min(5.0, 0.25 * 2 ** (failures - 1))
