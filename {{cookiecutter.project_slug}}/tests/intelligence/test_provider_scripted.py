"""The scripted provider: plays what it was told, in order, and remembers what it was asked."""

from __future__ import annotations

import time

import pytest

from app.errors import (
    ConfigurationError,
    ProviderBrokenError,
    ProviderRefusedError,
    ProviderThrottledError,
    ProviderUnavailableError,
)
from app.intelligence.messages import Message, ModelReply, ModelRequest, Usage
from app.intelligence.providers.faults import TEXT
from app.intelligence.providers.provider import Timeouts
from app.intelligence.providers.scripted import ScriptedProvider

ASKED = ModelRequest("m", (Message("user", "x"),))
QUICK = Timeouts(first_token_s=0.05, total_s=0.05)


async def test_a_script_plays_in_order_and_its_last_outcome_stays() -> None:
    """Errors and replies come one a request; afterwards the last one goes on for ever."""
    provider = ScriptedProvider("500", ProviderRefusedError("no"), ModelReply("yes", "m", Usage(1, 1)))

    with pytest.raises(ProviderUnavailableError):
        await provider.complete(ASKED, QUICK)
    with pytest.raises(ProviderRefusedError):
        await provider.complete(ASKED, QUICK)
    replies = [(await provider.complete(ASKED, QUICK)).text for _ in range(2)]

    assert replies == ["yes", "yes"]
    assert provider.requests == [ASKED] * 4


@pytest.mark.parametrize(
    ("name", "error"),
    [("cut", ProviderBrokenError), ("badjson", ProviderBrokenError), ("429-retry-after-2", ProviderThrottledError)],
)
async def test_faults_by_name(name: str, error: type[Exception]) -> None:
    """Each name raises its error, whole and streamed."""
    provider = ScriptedProvider(name)

    with pytest.raises(error):
        await provider.complete(ASKED, QUICK)
    with pytest.raises(error):
        [chunk async for chunk in provider.stream(ASKED, QUICK)]


async def test_a_hang_lasts_as_long_as_the_attempt() -> None:
    """A provider that says nothing is given up when the attempt's time is over."""
    started = time.perf_counter()

    with pytest.raises(ProviderUnavailableError):
        await ScriptedProvider("hang").complete(ASKED, QUICK)

    assert 0.04 < time.perf_counter() - started < 0.5


async def test_streams_come_in_words_and_notice_who_leaves() -> None:
    """The chunks add up to the text, usage is last, and a stream closed early is counted."""
    provider = ScriptedProvider("ok")

    chunks = [chunk async for chunk in provider.stream(ASKED, QUICK)]
    left = provider.stream(ASKED, QUICK)
    await anext(left)
    await left.aclose()  # type: ignore[attr-defined]

    assert "".join(chunk.text for chunk in chunks) == TEXT
    assert (chunks[-1].usage, chunks[-1].finish_reason) == (Usage(12, 9), "stop")
    assert provider.cancelled == 1


async def test_embeddings_tell_texts_apart() -> None:
    """Vectors are of one length and their usage is counted."""
    found = await ScriptedProvider("ok").embed("m", ["a", "bb"], QUICK)

    assert found.vectors[0] != found.vectors[1]
    assert found.usage.input_tokens == 3


def test_unknown_names_are_refused() -> None:
    """A script without outcomes, or with a misspelt one in a server's script, is a configuration error."""
    from app.intelligence.providers.faults_server import FaultsServer

    with pytest.raises(ConfigurationError):
        ScriptedProvider()
    with pytest.raises(ConfigurationError, match="no outcome is called 'bad-json'"):
        FaultsServer(["bad-json"])
