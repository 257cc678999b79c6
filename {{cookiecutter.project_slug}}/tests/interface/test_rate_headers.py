"""Rate limits as response headers: of every dialect on its own door, on refusals and on streams as well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import anthropic
import openai
import pytest

from app import bootstrap
from app.data.limits import Limit, Rate
from app.interface.api import create_app
from app.interface.loopback import on_loopback
from app.interface.rate_headers import rate_headers
from app.settings import RateLimit, Settings

RATES = (
    Rate(Limit("tenant", "acme", "", 100, None), 40, 0, 30.2),
    Rate(Limit("user", "acme", "ada", 10, 1000), 9, 1200, 11.0),
)
HELLO = [{"role": "user", "content": "How long do refunds take?"}]


@pytest.fixture
async def limited(settings: Settings, database_url: str) -> AsyncIterator[str]:
    """The address of a service that lets a tenant make two requests a minute."""
    admission = settings.admission.model_copy(update={"limits": (RateLimit(scope="tenant", requests=2),)})
    held = settings.model_copy(update={"admission": admission})
    app = create_app(held, lambda: bootstrap.open_services(held, database_url))
    async with on_loopback(app, lifespan=True) as url:
        yield url


def test_the_tightest_limit_speaks() -> None:
    """Requests and tokens may be told of different limits; what is over its limit has nothing left, never less."""
    assert rate_headers(RATES, "openai") == {
        "ratelimit-policy": '"requests";q=10;w=60, "tokens";q=1000;w=60',
        "ratelimit": '"requests";r=1;t=11, "tokens";r=0;t=11',
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "1",
        "x-ratelimit-reset-requests": "11s",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "11s",
    }


def test_anthropic_clients_get_a_time_instead_of_a_duration() -> None:
    """`anthropic-ratelimit-requests-reset` is RFC 3339, as Anthropic's own."""
    told = rate_headers(RATES[:1], "anthropic", datetime(2026, 1, 31, 23, 59, 45, tzinfo=UTC))

    assert told["anthropic-ratelimit-requests-remaining"] == "60"
    assert told["anthropic-ratelimit-requests-reset"] == "2026-02-01T00:00:16Z"
    assert not any(name.startswith("x-ratelimit") for name in told)


def test_no_limit_no_header() -> None:
    """Nothing is said of limits that do not exist."""
    assert rate_headers((), "openai") == {}


@pytest.mark.feature("I2")
@pytest.mark.slow
async def test_every_response_says_where_its_caller_stands(limited: str) -> None:
    """An answer, a stream and a refusal through the vendors' SDKs, counted in the database."""
    async with (
        openai.AsyncOpenAI(base_url=f"{limited}/v1", api_key="x", max_retries=0) as ours,
        anthropic.AsyncAnthropic(base_url=limited, api_key="x", max_retries=0) as theirs,
    ):
        first = await ours.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=HELLO)  # type: ignore[arg-type]
        second = await ours.chat.completions.with_raw_response.create(
            model="gpt-4o-mini",
            messages=HELLO,  # type: ignore[arg-type]
            stream=True,
        )
        streamed = [chunk async for chunk in second.parse()]
        with pytest.raises(anthropic.RateLimitError) as refused:
            await theirs.messages.create(model="claude", max_tokens=9, messages=HELLO)  # type: ignore[arg-type]

    assert streamed
    assert [reply.headers["x-ratelimit-remaining-requests"] for reply in (first, second)] == ["1", "0"]
    told = refused.value.response.headers
    assert (told["anthropic-ratelimit-requests-limit"], told["anthropic-ratelimit-requests-remaining"]) == ("2", "0")
    assert int(told["ratelimit"].partition("t=")[2]) == int(told["retry-after"])
