"""What a call cost in US dollars, from the price list of genai-prices or a price set on the deployment.

A model without a known price has no cost: None, never zero. Prices are looked up once for each model and usage
is multiplied, so a call pays microseconds; nothing is fetched from the network.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from functools import lru_cache

_log = logging.getLogger(__name__)
_MILLION = 1_000_000
# Tokens at which the price list is sampled: short, below every tier of context length; long, to find the tiers.
_SAMPLE_TOKENS = 1_000
_LONG_SAMPLES = (4_000_000, 128_000, 32_000)


@dataclass(frozen=True, slots=True)
class Cost:
    """Dollars of one call. `input_usd` includes what cached input tokens cost."""

    input_usd: float
    output_usd: float

    @property
    def total_usd(self) -> float:
        """Input and output together."""
        return self.input_usd + self.output_usd


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars for a million tokens."""

    input_usd: float
    output_usd: float
    cached_input_usd: float | None = None
    cache_write_usd: float | None = None


def price(
    model_id: str,
    provider: str,
    input_tokens: int,
    output_tokens: int,
    cached_input_tokens: int = 0,
    cache_write_tokens: int = 0,
    *,
    override: Price | None = None,
) -> Cost | None:
    """The cost of a call, or None when neither `override` nor the price list knows `model_id` at `provider`.

    `input_tokens` includes those read from the provider's cache and those written to it. An unknown model is logged
    once.
    """
    if override is not None:
        return _at(override, input_tokens, output_tokens, cached_input_tokens, cache_write_tokens)
    listed = list_price(model_id, provider)
    if listed is None:
        return None
    if input_tokens > _flat_up_to(model_id, provider):
        return _listed(model_id, provider, input_tokens, output_tokens, cached_input_tokens, cache_write_tokens)
    return _at(listed, input_tokens, output_tokens, cached_input_tokens, cache_write_tokens)


@lru_cache(maxsize=1024)
def list_price(model_id: str, provider: str) -> Price | None:
    """The listed price of short calls to a model, or None when it is not on the list."""
    both = _listed(model_id, provider, _SAMPLE_TOKENS, _SAMPLE_TOKENS, 0)
    if both is None:
        _log.warning("no price is known for %s at %s: its calls have no cost until one is set", model_id, provider)
        return None
    cached = _listed(model_id, provider, _SAMPLE_TOKENS, 0, _SAMPLE_TOKENS)
    written = _listed(model_id, provider, _SAMPLE_TOKENS, 0, 0, _SAMPLE_TOKENS)
    scale = _MILLION / _SAMPLE_TOKENS
    return Price(
        both.input_usd * scale,
        both.output_usd * scale,
        cached.input_usd * scale if cached else None,
        written.input_usd * scale if written else None,
    )


@lru_cache(maxsize=1024)
def _flat_up_to(model_id: str, provider: str) -> int:
    """The longest sampled input, in tokens, that still costs the short price a token: tiers begin above it."""
    short = _listed(model_id, provider, _SAMPLE_TOKENS, 0, 0)
    for tokens in _LONG_SAMPLES:
        long = _listed(model_id, provider, tokens, 0, 0)
        if short and long and math.isclose(long.input_usd, short.input_usd * tokens / _SAMPLE_TOKENS):
            return tokens
    return _SAMPLE_TOKENS


def _at(rate: Price, input_tokens: int, output_tokens: int, read: int, written: int) -> Cost:
    read_rate = rate.input_usd if rate.cached_input_usd is None else rate.cached_input_usd
    write_rate = rate.input_usd if rate.cache_write_usd is None else rate.cache_write_usd
    fresh = max(0, input_tokens - read - written)
    return Cost(
        (fresh * rate.input_usd + read * read_rate + written * write_rate) / _MILLION,
        output_tokens * rate.output_usd / _MILLION,
    )


def _listed(
    model_id: str, provider: str, input_tokens: int, output_tokens: int, read: int, written: int = 0
) -> Cost | None:
    from genai_prices import Usage, calc_price

    usage = Usage(
        input_tokens=input_tokens, cache_read_tokens=read, cache_write_tokens=written, output_tokens=output_tokens
    )
    try:
        found = calc_price(usage, model_ref=model_id, provider_id=provider)
    except LookupError:
        return None
    return Cost(float(found.input_price), float(found.output_price))
