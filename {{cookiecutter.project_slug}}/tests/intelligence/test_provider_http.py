"""One attempt over real HTTP: each fault gives its typed error in its time, and nothing is left open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from app.errors import (
    ConfigurationError,
    ProviderBrokenError,
    ProviderError,
    ProviderRefusedError,
    ProviderThrottledError,
    ProviderUnavailableError,
)
from app.intelligence.messages import Chunk, Message, ModelReply, ModelRequest, ToolCall, Usage
from app.intelligence.providers.faults import TEXT, Outcome
from app.intelligence.providers.faults_server import FaultsServer
from app.intelligence.providers.http import HttpProvider, open_session
from app.intelligence.providers.http_errors import error_for, retry_after_s, without_secrets
from app.intelligence.providers.provider import Timeouts
from app.intelligence.wire.codec import ANTHROPIC, CODECS, OPENAI

KEY = "sk-of-the-test-0123456789"
QUICK = Timeouts(connect_s=0.5, first_token_s=0.3, between_tokens_s=0.2, total_s=0.5)
SLACK_S = 0.3

Connect = Callable[[FaultsServer], HttpProvider]


@pytest.fixture(params=["openai", "responses", "anthropic", "gemini", "ollama", "cohere"])
async def connect(request: pytest.FixtureRequest) -> AsyncIterator[Connect]:
    """A provider for a server, in every protocol, closed at the end."""
    async with open_session() as session:

        def connected(server: FaultsServer) -> HttpProvider:
            codec = CODECS[request.param]
            base_url = server.base_url if codec.path.startswith(("/chat", "/responses")) else server.url
            return HttpProvider(codec, base_url, KEY, session=session)

        yield connected


def asked(model: str = "m", text: str = "How long do refunds take?") -> ModelRequest:
    """A request for a model, whose name may choose a fault."""
    return ModelRequest(model, (Message("system", "Be short."), Message("user", text)), max_output_tokens=50)


async def all_of(stream: AsyncIterator[Chunk], into: list[Chunk] | None = None) -> list[Chunk]:
    """Every chunk, those before an error in `into`."""
    chunks = [] if into is None else into
    async for chunk in stream:
        chunks.append(chunk)
    return chunks


async def until(claim: Callable[[], bool], within_s: float = 1.0) -> None:
    """Wait for a claim to hold, at most `within_s`."""
    async with asyncio.timeout(within_s):
        while not claim():  # noqa: ASYNC110  the claim is about another party
            await asyncio.sleep(0.005)


@pytest.mark.feature("G1")
async def test_a_whole_reply(connect: Connect) -> None:
    """Text, tool calls, finish reason and usage arrive, the key travels in its header."""
    said = ModelReply(TEXT, "m", Usage(12, 9, 4), "tool_calls", (ToolCall("t", "look", '{"a":1}'),))
    async with FaultsServer([Outcome(reply=said)]) as server:
        reply = await connect(server).complete(asked(), QUICK)

    assert replace(reply, id="", model="m") == said
    assert any(KEY in server.headers[0].get(name, "") for name in ("authorization", "x-api-key", "x-goog-api-key"))
    assert server.requests[0]["model"] == "m"


@pytest.mark.feature("G1")
@pytest.mark.feature("G10")
async def test_a_streamed_reply(connect: Connect) -> None:
    """The chunks add up to the text, tool calls come in, usage is the provider's own."""
    said = ModelReply(TEXT, "m", Usage(12, 9, 4), "tool_calls", (ToolCall("t", "look", '{"a":1}'),))
    async with FaultsServer([Outcome(reply=said)]) as server:
        chunks = await all_of(connect(server).stream(asked(), QUICK))

    assert "".join(chunk.text for chunk in chunks) == TEXT
    assert "".join(delta.arguments for chunk in chunks for delta in chunk.tool_calls) == '{"a":1}'
    assert [chunk.usage for chunk in chunks if chunk.usage] == [Usage(12, 9, 4)]
    assert [chunk.finish_reason for chunk in chunks if chunk.finish_reason] == ["tool_calls"]


FAULTS: list[tuple[str, type[ProviderError], int | None]] = [
    ("429", ProviderThrottledError, 429),
    ("408", ProviderUnavailableError, 408),
    ("409", ProviderUnavailableError, 409),
    ("500", ProviderUnavailableError, 500),
    ("529", ProviderUnavailableError, 529),
    ("400", ProviderRefusedError, 400),
    ("401", ProviderRefusedError, 401),
    ("hang", ProviderUnavailableError, None),
    ("cut", ProviderBrokenError, None),
    ("badjson", ProviderBrokenError, None),
]


@pytest.mark.feature("G2")
@pytest.mark.parametrize(("fault", "error", "status"), FAULTS, ids=[fault[0] for fault in FAULTS])
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_each_fault_is_its_error_in_its_time(
    connect: Connect, fault: str, error: type[ProviderError], status: int | None, streamed: bool
) -> None:
    """A fault is raised as the class the gateway decides by, after one request, within the time-out."""
    async with FaultsServer() as server:
        provider, started = connect(server), time.perf_counter()
        with pytest.raises(ProviderError) as caught:
            await (all_of(provider.stream(asked(fault), QUICK)) if streamed else provider.complete(asked(fault), QUICK))
        took_s = time.perf_counter() - started

    assert (type(caught.value), caught.value.http_status, server.count) == (error, status, 1)
    assert took_s < QUICK.total_s + SLACK_S


async def test_a_cut_stream_gives_what_came_before(connect: Connect) -> None:
    """Chunks that arrived are handed on before the cut is reported."""
    said: list[Chunk] = []
    async with FaultsServer(["cut"]) as server:
        with pytest.raises(ProviderBrokenError, match="cut its stream off"):
            await all_of(connect(server).stream(asked(), QUICK), said)

    assert "".join(chunk.text for chunk in said) == "The scripted provider answers"


@pytest.mark.feature("G2")
async def test_silence_between_tokens_ends_a_stream(connect: Connect) -> None:
    """A stream that begins and then falls silent ends when the wait between tokens is over, not at the total."""
    limits = Timeouts(connect_s=1, first_token_s=2, between_tokens_s=0.1, total_s=10)
    async with FaultsServer([Outcome(gap_s=0.6)]) as server:
        started = time.perf_counter()
        with pytest.raises(ProviderUnavailableError):
            await all_of(connect(server).stream(asked(), Timeouts(1, 0.3, 0.1, 10)))
        first_s = time.perf_counter() - started
        with pytest.raises(ProviderUnavailableError, match="silent"):
            await all_of(connect(server).stream(asked(), limits))
        both_s = time.perf_counter() - started

    assert 0.25 < first_s < 0.3 + SLACK_S
    assert both_s - first_s < 0.6 + 0.1 + SLACK_S


@pytest.mark.feature("G2")
async def test_the_total_time_ends_a_stream_that_never_pauses(connect: Connect) -> None:
    """Tokens that keep coming do not carry a stream past its total time."""
    async with FaultsServer(["slow"]) as server:
        started = time.perf_counter()
        with pytest.raises(ProviderUnavailableError):
            await all_of(connect(server).stream(asked(), Timeouts(1, 1, 1, 0.2)))

    assert time.perf_counter() - started < 0.2 + SLACK_S


async def test_a_slow_reader_is_not_the_provider_s_silence(connect: Connect) -> None:
    """Time spent by whoever consumes the stream does not count as waiting for tokens."""
    said = ""
    async with FaultsServer(["ok"]) as server:
        async for chunk in connect(server).stream(asked(), Timeouts(1, 1, 0.05, 10)):
            said += chunk.text
            await asyncio.sleep(0.07 if len(said) < 30 else 0)

    assert said == TEXT


@pytest.mark.feature("G10")
async def test_closing_a_stream_closes_it_upstream(connect: Connect) -> None:
    """Whoever stops reading ends the provider's work within a second."""
    async with FaultsServer([Outcome(gap_s=0.01, reply=ModelReply("word " * 2000, "m", Usage(1, 1)))]) as server:
        stream = connect(server).stream(asked(), Timeouts())
        await anext(stream)
        running = server.streaming
        await stream.aclose()  # type: ignore[attr-defined]
        await until(lambda: not server.streaming)

    assert (running, server.streaming, server.left) == (1, 0, 1)


@pytest.mark.feature("G10")
async def test_cancelling_a_waiting_call_closes_it_upstream(connect: Connect) -> None:
    """A cancelled task leaves no request behind at the provider."""
    async with FaultsServer(["slow"]) as server:
        task = asyncio.create_task(all_of(connect(server).stream(asked(), Timeouts())))
        await until(lambda: server.streaming == 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not server.streaming)

    assert (server.streaming, server.left) == (0, 1)


@pytest.mark.feature("G10")
async def test_missing_usage_is_estimated_and_flagged() -> None:
    """A server that counts nothing still yields counts, marked as ours: four characters a token."""
    async with FaultsServer(["nousage"]) as server:
        provider = HttpProvider(OPENAI, server.base_url)
        whole = (await provider.complete(asked(text="12345678"), QUICK)).usage
        chunks = await all_of(provider.stream(asked(text="12345678"), QUICK))
        await provider.close()

    assert whole == Usage(3 + 2, 13, estimated=True)
    assert chunks[-1].usage == whole


@pytest.mark.feature("G1")
@pytest.mark.parametrize("protocol", ["openai", "gemini", "ollama", "cohere"])
async def test_embeddings_keep_their_order(protocol: str) -> None:
    """One vector a text, counted by the provider."""
    async with FaultsServer() as server, open_session() as session:
        base_url = server.base_url if protocol == "openai" else server.url
        found = await HttpProvider(CODECS[protocol], base_url, session=session).embed("m", ["a", "bb"], QUICK)

    assert [vector.index(1.0) for vector in found.vectors] == [1, 2]
    assert (found.usage, server.by_model) == (Usage(3), {"m": 1})


@pytest.mark.feature("G1")
async def test_a_protocol_without_embeddings_refuses_before_anything_is_sent() -> None:
    """Anthropic has none: another provider is needed."""
    async with FaultsServer() as server, open_session() as session:
        with pytest.raises(ProviderRefusedError, match="without embeddings"):
            await HttpProvider(ANTHROPIC, server.url, session=session).embed("m", ["a"], QUICK)

    assert server.count == 0


async def test_a_model_in_the_address_is_quoted() -> None:
    """Whatever a model is called, it stays one segment of the path."""
    async with FaultsServer(["ok"]) as server, open_session() as session:
        await HttpProvider(CODECS["gemini"], server.url, session=session).complete(asked("tuned/a b?#:x"), QUICK)

    assert server.requests[0]["model"] == "tuned/a b?#:x"


@pytest.mark.feature("G2")
async def test_nobody_listening_is_unavailable() -> None:
    """A refused connection may be tried again; the message names the host, never the key."""
    async with FaultsServer() as server:
        gone = server.base_url
    provider = HttpProvider(OPENAI, gone, KEY)
    with pytest.raises(ProviderUnavailableError, match=r"127\.0\.0\.1:\d+ cannot be reached") as caught:
        await provider.complete(asked(), QUICK)
    await provider.close()

    assert KEY not in str(caught.value)


async def test_a_shared_session_is_left_open() -> None:
    """Closing one provider does not take the connections of another."""
    async with FaultsServer() as server, open_session() as session:
        await HttpProvider(OPENAI, server.base_url, session=session).close()
        await HttpProvider(OPENAI, server.base_url, session=session).complete(asked(), QUICK)

        assert not session.closed


@pytest.mark.parametrize(
    ("url", "key"), [("api.example.org/v1", None), ("ftp://x", None), ("http://x", "a\nb")], ids=["bare", "ftp", "key"]
)
async def test_what_cannot_work_is_refused_at_once(url: str, key: str | None) -> None:
    """A base URL without scheme or a key with a line break is a configuration error, not a failed call."""
    with pytest.raises(ConfigurationError):
        HttpProvider(OPENAI, url, key)


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.feature("G2")
@pytest.mark.parametrize(
    ("headers", "delay"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": format_datetime(NOW + timedelta(seconds=90), usegmt=True)}, 90.0),
        ({"retry-after": format_datetime(NOW - timedelta(seconds=90), usegmt=True)}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
    ids=["seconds", "fraction", "milliseconds", "date", "past", "word", "negative", "nan", "absent"],
)
def test_retry_after_is_read_in_all_its_forms(headers: dict[str, str], delay: float | None) -> None:
    """Seconds, milliseconds and dates give a delay; nonsense gives none."""
    assert retry_after_s(headers, NOW) == delay


@pytest.mark.feature("G2")
async def test_the_delay_travels_with_the_error(connect: Connect) -> None:
    """A throttled attempt says how long to wait."""
    async with FaultsServer(["429-retry-after-1.5"]) as server:
        with pytest.raises(ProviderThrottledError) as caught:
            await connect(server).complete(asked(), QUICK)

    assert caught.value.retry_after_s == 1.5


def test_an_empty_account_is_not_worth_waiting_for() -> None:
    """OpenAI says 429 for a used-up quota too: that is refused, not throttled. A redirect is a broken provider."""
    assert isinstance(error_for(429, "m", "insufficient_quota", 5.0), ProviderRefusedError)
    assert isinstance(error_for(302, "m", "", None), ProviderBrokenError)


@pytest.mark.parametrize(
    "said",
    [f"Incorrect API key: {KEY}.", "key sk-proj-abc*****xyz is wrong", "Bearer abcdef.ghijk failed"],
    ids=range(3),
)
def test_messages_hold_no_secret(said: str) -> None:
    """What a provider says is passed on in one short line, keys taken out."""
    shown = without_secrets(said + "\n" + "x" * 500, KEY)

    assert "[redacted]" in shown
    assert not any(secret in shown for secret in (KEY, "sk-", "abcdef.ghijk", "\n"))
    assert len(shown) <= 300
