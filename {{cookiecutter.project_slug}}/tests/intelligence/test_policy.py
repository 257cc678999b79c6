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
from app.intelligence.policy import Next, Target, after_failure, backoff_s, targets
from app.settings import Deployment, Settings

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


EQUAL = Target("large", "openai", Deployment(id="a2"))


def among_equals(asked: set[str], *, left: int = 4, barred: tuple[str, ...] = ()) -> Next:
    """What follows a failure at FIRST, which has an equal and a fallback."""
    return after_failure(
        ProviderUnavailableError("503"),
        FIRST,
        (EQUAL, FIRST, SECOND),
        attempts_left=left,
        seconds_left=10.0,
        backoff_s=0.5,
        asked=asked,
        barred=barred,
    )


@pytest.mark.feature("G4")
def test_an_equal_not_asked_yet_comes_first_and_without_a_wait() -> None:
    """It is another place: no reason to wait for it, wherever it stands in the order."""
    assert among_equals({FIRST.name}) == Next(EQUAL)


@pytest.mark.feature("G2")
def test_with_all_equals_asked_it_is_tried_again_here() -> None:
    """Then the backoff counts, and an attempt stays for the fallback."""
    assert among_equals({FIRST.name, EQUAL.name}) == Next(FIRST, 0.5)
    assert among_equals({FIRST.name, EQUAL.name}, left=1) == Next(SECOND)


@pytest.mark.feature("G2")
def test_a_barred_place_is_passed_over() -> None:
    """An open breaker or a used-up budget takes a place out, be it another or this one."""
    asked = {FIRST.name, EQUAL.name}

    assert among_equals({FIRST.name}, barred=(EQUAL.name,)) == Next(FIRST, 0.5)
    assert among_equals(asked, barred=(FIRST.name,)) == Next(SECOND)
    assert among_equals(asked, barred=(FIRST.name, SECOND.name)) == Next(None)


def configured(provider: str) -> Settings:
    served = {"large": {"openai": ["gpt"], "anthropic": ["claude"], "offline": ["standin"]}}
    return Settings.model_validate(
        {
            "environment": "dev",
            "root": ".",
            "provider": provider,
            "project": {"name": "Test", "slug": "test", "owner": "us", "on_call": "us"},
            "providers": {name: {"protocol": "offline"} for name in served["large"]},
            "models": {
                model: {by: [{"id": name} for name in names] for by, names in places.items()}
                for model, places in served.items()
            },
            "routes": {},
        }
    )


@pytest.mark.feature("G3")
def test_a_route_may_name_another_provider() -> None:
    """`large@anthropic` is the same model served elsewhere, behind ours; nothing comes twice."""
    order = targets(configured("openai"), ("large", "large@anthropic", "large@openai"))

    assert [target.name for target in order] == ["openai/gpt", "anthropic/claude"]
    assert order[0].equals != order[1].equals


@pytest.mark.feature("G4")
def test_a_target_carries_its_deployments_weight_and_region() -> None:
    """What the configuration says of a deployment is what choosing and the region rule look at."""
    places = (Deployment(id="gpt", weight=3, region="eu"), Deployment(id="gpt-2"))
    settings = configured("openai").model_copy(update={"models": {"large": {"openai": places}}})

    first, second = targets(settings, ("large",))

    assert (first.weight, first.region, second.weight, second.region) == (3, "eu", 1, None)
    assert first.equals == second.equals


def test_offline_every_entry_is_the_stand_in() -> None:
    """A route with a paid fallback runs without a key or a network."""
    order = targets(configured("offline"), ("large@anthropic", "large"))

    assert [target.name for target in order] == ["offline/standin"]


@pytest.mark.feature("G2")
@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True))
def test_backoff_grows_and_stays_within_its_bound(failures: int, jitter: float) -> None:
    """Full jitter: never negative, never above the maximum, never above initial times two to the failures."""
    delay = backoff_s(failures, initial_s=0.25, max_s=5.0, jitter=jitter)

    assert 0 <= delay <= min(5.0, 0.25 * 2 ** (failures - 1))
