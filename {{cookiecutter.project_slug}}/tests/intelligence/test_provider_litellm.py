"""LiteLLM as a provider: what it is given, what comes back, its errors in our words; the real one where it is there."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from collections.abc import AsyncIterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from app.errors import (
    ConfigurationError,
    ProviderBrokenError,
    ProviderRefusedError,
    ProviderThrottledError,
    ProviderUnavailableError,
)
from app.intelligence.messages import Message, ModelRequest, Tool, Usage
from app.intelligence.providers.faults_server import FaultsServer
from app.intelligence.providers.litellm_provider import LiteLLMProvider
from app.intelligence.providers.provider import Timeouts

QUICK = Timeouts(1, 0.2, 0.2, 0.3)
TOOL = Tool("search", "Searches.", {"type": "object", "properties": {}})
ASKED = ModelRequest("bedrock/some-model", (Message("user", "Hello"),), max_output_tokens=9, tools=(TOOL,))


class Answer(BaseModel):
    """An object as LiteLLM gives it."""

    model_config = ConfigDict(extra="allow")


class BadRequestError(Exception):
    """As LiteLLM's."""

    status_code = 400


class RateLimitError(Exception):
    """As LiteLLM's, with the provider's headers."""

    status_code = 429
    response = SimpleNamespace(headers={"retry-after": "7"})


class APIConnectionError(Exception):
    """As LiteLLM's, which says 500 for it."""

    status_code = 500


@pytest.fixture
def litellm(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A package of that name which answers as it is told to and remembers what it was asked."""
    fake: Any = ModuleType("litellm")
    fake.asked, fake.outcome = [], None

    async def ask(**body: Any) -> Any:
        fake.asked.append(body)
        if isinstance(fake.outcome, Exception):
            raise fake.outcome
        return await fake.outcome() if asyncio.iscoroutinefunction(fake.outcome) else fake.outcome

    fake.acompletion = fake.aembedding = ask
    monkeypatch.setitem(sys.modules, "litellm", fake)
    return fake


def completion(text: str = "Hi.", **more: Any) -> Answer:
    """A chat completion."""
    message = {"role": "assistant", "content": text}
    usage = {"prompt_tokens": 3, "completion_tokens": 2}
    return Answer(model="m", choices=[{"message": message, "finish_reason": "stop", **more}], usage=usage)


@pytest.mark.feature("G1")
async def test_a_call_is_translated_once_and_nothing_more(litellm: Any) -> None:
    """Its own retries are off, the key and address go along, usage comes back."""
    litellm.outcome = completion()

    reply = await LiteLLMProvider("https://gate.example.org", "sk-1").complete(ASKED, QUICK)

    (asked,) = litellm.asked
    assert (reply.text, reply.usage) == ("Hi.", Usage(3, 2))
    assert (asked["model"], asked["max_tokens"], asked["tools"][0]["function"]["name"]) == (
        "bedrock/some-model",
        9,
        "search",
    )
    assert (asked["api_base"], asked["api_key"]) == ("https://gate.example.org", "sk-1")
    assert (asked["num_retries"], asked["max_retries"]) == (0, 0)


@pytest.mark.feature("G1")
@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (BadRequestError("no such model"), ProviderRefusedError),
        (RateLimitError("slow down"), ProviderThrottledError),
        (APIConnectionError("refused"), ProviderUnavailableError),
        (KeyError("x"), ProviderRefusedError),
    ],
    ids=["bad request", "throttled", "connection", "anything else"],
)
async def test_its_errors_are_ours(litellm: Any, raised: Exception, error: type[Exception]) -> None:
    """With status and delay, so that the gateway's policy decides."""
    litellm.outcome = raised

    with pytest.raises(error) as refused:
        await LiteLLMProvider().complete(ASKED, QUICK)

    assert getattr(refused.value, "retry_after_s", 7) == 7


async def test_silence_ends_in_time(litellm: Any) -> None:
    """Whatever LiteLLM makes of its own timeout."""

    async def never() -> None:
        await asyncio.sleep(30)

    litellm.outcome = never

    with pytest.raises(ProviderUnavailableError, match=r"no answer within 0\.3 s"):
        await LiteLLMProvider().complete(ASKED, QUICK)


@pytest.mark.feature("G10")
@pytest.mark.parametrize("ends", [True, False], ids=["whole", "cut"])
async def test_a_stream_is_read_chunk_by_chunk(litellm: Any, ends: bool) -> None:
    """One that breaks off is a broken provider, as it is over our own wire."""

    class Event(BaseModel):
        choices: list[Any]
        usage: Any = None

    async def events() -> AsyncIterator[Event]:
        yield Event(choices=[{"delta": {"content": "Good "}}])
        yield Event(choices=[{"delta": {"content": "morning."}}])
        if ends:
            yield Event(choices=[{"delta": {}, "finish_reason": "stop"}])
            yield Event(choices=[], usage={"prompt_tokens": 3, "completion_tokens": 2})

    litellm.outcome = events()
    chunks = []

    async def read() -> None:
        async for chunk in LiteLLMProvider().stream(ASKED, QUICK):
            chunks.append(chunk)

    if ends:
        await read()
        assert chunks[-1].usage == Usage(3, 2)
    else:
        with pytest.raises(ProviderBrokenError, match="ended before"):
            await read()
    assert "".join(chunk.text for chunk in chunks) == "Good morning."


async def test_vectors_come_in_the_order_of_their_texts(litellm: Any) -> None:
    """However the service sorts them."""
    rows = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]
    litellm.outcome = Answer(data=rows, model="e", usage={"prompt_tokens": 4})

    embeddings = await LiteLLMProvider().embed("cohere/embed", ["a", "b"], QUICK)

    assert (embeddings.vectors, embeddings.usage) == ([[1.0], [2.0]], Usage(4))


def test_without_litellm_the_start_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that brings it."""
    monkeypatch.setitem(sys.modules, "litellm", None)

    with pytest.raises(ConfigurationError, match="run `pip install litellm`"):
        LiteLLMProvider()


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("litellm") is None, reason="litellm is not installed")
async def test_the_real_one_against_a_server_of_faults() -> None:
    """Whole, streamed, embedded, throttled and refused, over loopback."""
    async with FaultsServer() as server:
        provider = LiteLLMProvider(server.base_url, "sk-test")
        asked = ModelRequest("openai/m", (Message("user", "Hello"),), max_output_tokens=50)
        patient = Timeouts(5, 20, 20, 20)

        whole = await provider.complete(asked, patient)
        streamed = [chunk async for chunk in provider.stream(asked, patient)]
        embedded = await provider.embed("openai/e", ["a", "b"], patient)
        with pytest.raises(ProviderThrottledError):
            await provider.complete(ModelRequest("openai/429-retry-after-2", asked.messages), patient)
        with pytest.raises(ProviderRefusedError):
            await provider.complete(ModelRequest("openai/400", asked.messages), patient)

    assert "".join(chunk.text for chunk in streamed) == whole.text
    assert whole.usage.output_tokens > 0
    assert len(embedded.vectors) == 2
    assert server.by_model["429-retry-after-2"] == 1
