"""A cap on the cost of an evaluation is never passed, and what it cut off is named."""

from __future__ import annotations

import asyncio

import pytest

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output
from app.observability.evaluation.runner import run
from app.observability.evaluation.spend import Spend
from app.observability.evaluation.suites import classification_suite
from tests.observability.evaluations import tickets


async def priced(
    cap_usd: float, *, cached: bool = False, cost: float | None = 0.01, at_once: int = 32
) -> tuple[int, Spend]:
    """How many of 100 cases ran under a cap, at a cent each."""

    async def solve(case: Case) -> Output:
        await asyncio.sleep(0.001)
        return Output("billing", cost_usd=cost, cached=cached)

    spend = Spend(cap_usd)
    found = await run(classification_suite(tickets(100), solve), at_once=at_once, spend=spend)
    assert len(found.cases) + len(found.not_run) == 100
    return len(found.cases), spend


@pytest.mark.parametrize(("cap_usd", "runs"), [(0.005, 1), (0.095, 9), (0.5, 50), (5.0, 100)])
async def test_no_more_runs_than_the_cap_pays(cap_usd: float, runs: int) -> None:
    """32 at a time do not pass it together; the first case alone tells the price, so it may cost more than the cap."""
    found, spend = await priced(cap_usd)
    assert found == runs
    assert spend.spent_usd == pytest.approx(runs * 0.01)
    assert bool(spend.stopped) == (runs < 100)


async def test_reused_answers_are_free() -> None:
    """However small the cap."""
    found, spend = await priced(0.0001, cached=True)
    assert (found, spend.spent_usd, spend.stopped) == (100, 0.0, "")


async def test_a_price_nobody_knows_stops_the_run() -> None:
    """After the first case."""
    found, spend = await priced(1.0, cost=None)
    assert found == 1
    assert "not known" in spend.stopped


async def test_suites_share_a_cap() -> None:
    """Two suites under one cap spend it once."""

    async def solve(case: Case) -> Output:
        return Output("billing", cost_usd=0.01)

    spend, free = Spend(0.3), asyncio.Semaphore(8)
    suites = [classification_suite(tickets(40), solve, name=name) for name in ("one", "two")]
    found = await asyncio.gather(*(run(suite, at_once=free, spend=spend) for suite in suites))
    assert sum(len(one.cases) for one in found) == 30
