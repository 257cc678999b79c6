"""The attempts of a call: how many, where, in which order, and what its endings leave behind."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import (
    CallFailedError,
    DeadlineExceededError,
    ProviderBrokenError,
    ProviderError,
    ProviderRefusedError,
    ProviderThrottledError,
    ProviderUnavailableError,
)
from app.intelligence.attempts import Attempts
from app.intelligence.breaker import BreakerLimits
from app.intelligence.fleet import Fleet
from app.intelligence.providers.provider import Provider
from app.intelligence.providers.scripted import ScriptedProvider
from app.settings import GatewaySettings
from tests.intelligence.made_calls import REQUEST, Decided, call_over, target

A, B, SMALL, TINY = target("a"), target("b"), target("s", "small"), target("t", "tiny")
DOWN = ProviderUnavailableError("503", 503)


async def no_sleep(_: float) -> None:
    """Time does not matter here."""


def attempts_on(provider: Provider, fleet: Fleet | None = None, **values: float) -> Attempts:
    return Attempts(
        {"p": provider},
        GatewaySettings.model_validate(values),
        fleet=fleet or Fleet(random=lambda: 0.0),
        sleep=no_sleep,
        jitter=lambda: 0.5,
    )


@pytest.mark.feature("G4")
async def test_an_equal_is_asked_before_the_same_place_again() -> None:
    """A failing deployment's call goes on at its equal at once, then again there, then to the fallback."""
    provider = Decided(lambda name: None if name == "s" else DOWN)

    _, served = await attempts_on(provider).complete(call_over(A, B, SMALL), REQUEST)

    assert (provider.asked, served) == (["a", "b", "b", "s"], SMALL)


@pytest.mark.feature("G4")
async def test_calls_are_spread_over_equals() -> None:
    """Two deployments of one model share the calls by weight."""
    provider = Decided(lambda _: None)
    attempts = attempts_on(provider, Fleet(random=random.Random(5).random, clock=lambda: 0.0))
    order = (target("a", weight=3), B)
    for _ in range(1_000):
        await attempts.complete(call_over(*order), REQUEST)

    assert Counter(provider.asked)["a"] == pytest.approx(750, abs=50)


@pytest.mark.reliability("multiplied retries")
@pytest.mark.feature("G2")
@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.sampled_from(["ok", "503", "429", "429-later", "400", "bad"]), min_size=1, max_size=12),
    st.integers(1, 6),
    st.integers(1, 4),
    st.booleans(),
)
async def test_never_more_attempts_than_configured_and_never_back(
    script: list[str], limit: int, places: int, stream: bool
) -> None:
    """Whatever fails: attempts at most the total, an order walked downwards, nobody asked again after another was."""
    kinds: dict[str, ProviderError | None] = {
        "ok": None,
        "503": DOWN,
        "429": ProviderThrottledError("slow down"),
        "429-later": ProviderThrottledError("slow down", retry_after_s=120),
        "400": ProviderRefusedError("400", 400),
        "bad": ProviderBrokenError("no JSON"),
    }
    outcomes = iter(script * 10)
    provider = Decided(lambda _: kinds[next(outcomes)])
    order = (A, B, SMALL, TINY)[:places]
    call = call_over(*order, stream=stream)
    attempts = attempts_on(provider, Fleet(random=random.Random(limit).random), attempts=limit)

    try:
        if stream:
            async with aclosing(attempts.stream(call, REQUEST)) as chunks:
                assert [item async for item in chunks]
        else:
            await attempts.complete(call, REQUEST)
    except CallFailedError:
        assert "ok" not in script[: len(provider.asked)]

    models = [{"a": 0, "b": 0, "s": 1, "t": 2}[name] for name in provider.asked]
    visits = [name for place, name in enumerate(provider.asked) if place == 0 or provider.asked[place - 1] != name]
    assert len(provider.asked) == len(call.attempts) <= limit
    assert models == sorted(models)
    assert len(visits) == len(set(visits))


@pytest.mark.feature("G2")
async def test_a_repair_draws_on_the_same_attempts() -> None:
    """What a call tries after its first reply counts too: the total holds for all of it."""
    provider = Decided(lambda _: None)
    attempts, call = attempts_on(provider, attempts=2), call_over(A)
    for _ in range(2):
        await attempts.complete(call, REQUEST)

    with pytest.raises(CallFailedError, match="no attempt is left for 'greet': all 2 are used up"):
        await attempts.complete(call, REQUEST)


@pytest.mark.feature("G8")
async def test_an_escalation_goes_to_the_order_it_names() -> None:
    """The same call may be asked again elsewhere than where it began."""
    provider = Decided(lambda _: None)
    call = call_over(SMALL)

    await attempts_on(provider).complete(call, REQUEST)
    _, served = await attempts_on(provider).complete(call, REQUEST, (A,))

    assert (served, [attempt.deployment for attempt in call.attempts]) == (A, ["s", "a"])


@pytest.mark.feature("G2")
async def test_a_deployment_that_failed_often_is_not_asked_first() -> None:
    """After ten failures its breaker is open: the next call begins at the fallback, in one attempt."""
    provider = Decided(lambda name: None if name == "s" else DOWN)
    attempts = attempts_on(provider)
    for _ in range(10):
        await attempts.complete(call_over(A, SMALL), REQUEST)
    provider.asked.clear()

    await attempts.complete(call_over(A, SMALL), REQUEST)

    assert provider.asked == ["s"]


@pytest.mark.feature("G2")
async def test_a_refusal_to_retry_says_why() -> None:
    """With its retries used up a call fails after one attempt, and its error names the budget."""
    fleet = Fleet(breaker=BreakerLimits(failure_rate=1.0), clock=lambda: 0.0)
    attempts, errors = attempts_on(Decided(lambda _: DOWN), fleet), []
    for _ in range(4):
        with pytest.raises(CallFailedError) as failed:
            await attempts.complete(call_over(A), REQUEST)
        errors.append(str(failed.value))

    assert errors[0] == "no model answered 'greet' after 4 attempts: last p/a: 503"
    assert errors[-1] == (
        "no model answered 'greet' after 1 attempts: last p/a: 503; not asked again: its retry budget is used up"
    )


@pytest.mark.feature("G10")
async def test_leaving_frees_the_deployment() -> None:
    """A cancelled call and a stream closed early leave no attempt under way, and count for nothing."""
    fleet = Fleet()
    attempts = attempts_on(ScriptedProvider("slow"), fleet)
    task = asyncio.create_task(attempts.complete(call_over(A), REQUEST))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    stream = attempts.stream(call_over(A, stream=True), REQUEST)
    await anext(stream)
    under_way = fleet.standings()[0].in_flight
    await stream.aclose()

    standing = fleet.standings()[0]
    assert (under_way, standing.in_flight, standing.failure_rate) == (1, 0, None)


@pytest.mark.feature("G2")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_a_hanging_deployment_counts_against_itself(stream: bool) -> None:
    """A time-out of a whole deadline is a failure of the deployment, also before the first token."""
    fleet = Fleet(breaker=BreakerLimits(min_calls=1))
    attempts = attempts_on(ScriptedProvider("hang"), fleet)
    call = call_over(A, deadline_s=0.05, stream=stream)
    began = time.perf_counter()

    with pytest.raises(DeadlineExceededError):
        await (anext(attempts.stream(call, REQUEST)) if stream else attempts.complete(call, REQUEST))

    assert time.perf_counter() - began < 0.5
    assert fleet.standings()[0].state == "open"


async def test_an_attempt_without_time_does_not_count() -> None:
    """What the deadline cuts off after a slow first attempt is not the second deployment's fault."""
    fleet = Fleet(breaker=BreakerLimits(min_calls=1), random=lambda: 0.0)
    attempts = Attempts(
        {"p": ScriptedProvider("503", "hang")},
        GatewaySettings(backoff_initial_s=0.0),
        fleet=fleet,
    )
    call = call_over(A, B, deadline_s=1.0)
    call.started -= 0.7

    with pytest.raises(DeadlineExceededError):
        await attempts.complete(call, REQUEST)

    assert {standing.name: standing.state for standing in fleet.standings()} == {"p/a": "open", "p/b": "closed"}


@pytest.mark.feature("G2")
async def test_a_cut_stream_counts_against_its_deployment() -> None:
    """It began and broke off: a failure, though a chunk was there."""
    fleet = Fleet(breaker=BreakerLimits(min_calls=1))

    with pytest.raises(CallFailedError, match="p/a broke off its stream"):
        [item async for item in attempts_on(ScriptedProvider("cut"), fleet).stream(call_over(A, stream=True), REQUEST)]

    assert fleet.standings()[0].state == "open"
