"""Cost of a call: from the list, from an override, or honestly unknown."""

from __future__ import annotations

import logging
import time

import pytest

from app.observability.cost import Cost, Price, list_price, price


def test_a_listed_model_costs_what_the_list_says() -> None:
    """Input, cached input and output each at their own rate (list price: 3, 0.3 and 15 dollars a million)."""
    cost = price("claude-sonnet-4-5", "anthropic", 1200, 300, 200)
    assert cost is not None
    assert cost.input_usd == pytest.approx(1000 * 3e-6 + 200 * 0.3e-6)
    assert cost.output_usd == pytest.approx(300 * 15e-6)
    assert cost.total_usd == pytest.approx(0.00756)


def test_a_long_input_pays_the_higher_tier() -> None:
    """Models that charge more beyond a context length are priced by the list itself there."""
    cost = price("claude-sonnet-4-5", "anthropic", 300_000, 0)
    assert cost is not None
    assert cost.input_usd > 300_000 * 3e-6


def test_an_unknown_model_has_no_cost_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """None is not zero: an unknown price must be visible."""
    list_price.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert [price("no-such-model", "compatible", 10, 10) for _ in range(3)] == [None] * 3
    assert len(caplog.records) == 1
    assert "no-such-model" in caplog.text


def test_an_override_wins_also_at_zero() -> None:
    """A self-hosted model may cost nothing, because somebody said so."""
    assert price("gpt-4.1-mini", "openai", 10, 10, override=Price(0, 0)) == Cost(0, 0)
    cost = price("own", "compatible", 1_000_000, 500_000, 250_000, override=Price(2, 4, 1))
    assert cost == Cost(1.75, 2.0)


def test_a_known_price_costs_microseconds() -> None:
    """The list is consulted once for each model."""
    price("gpt-4.1-mini", "openai", 1200, 300)
    started = time.perf_counter()
    for _ in range(1000):
        price("gpt-4.1-mini", "openai", 1200, 300)
    assert (time.perf_counter() - started) * 1000 < 50
