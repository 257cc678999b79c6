"""How sure a reply is: measured from log probabilities or samples; what is not sure enough goes another way."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from app.caller import Caller
from app.errors import UnsureReplyError
from app.intelligence.confidence import best
from app.intelligence.messages import Chunk, Message, ModelReply, ModelRequest, Usage
from app.intelligence.providers.offline import OfflineProvider
from app.intelligence.providers.provider import Timeouts
from app.intelligence.providers.scripted import ScriptedProvider
from app.intelligence.reply import Reply
from app.intelligence.wire.codec import CODECS
from app.intelligence.wire.openai_chat_stream import StreamDecoder
from tests.intelligence.conftest import Bench

Make = Callable[[Any], Bench]
ADA = {"name": "Ada"}
ME = Caller(tenant="acme", user="u1")


def said(text: str, sure: float | None = None) -> ModelReply:
    """A reply with this probability a token."""
    logprob = None if sure is None else math.log(sure)
    return ModelReply(text, "m", Usage(100, 10), logprob=logprob)


@pytest.mark.feature("G9")
async def test_a_sure_reply_says_how_sure_it_is(bench: Make) -> None:
    """In the reply, in its row, and for the next identical call out of the cache."""
    provider = ScriptedProvider(said("Hello Ada.", 0.9))
    made = bench(provider)

    replies = [await made.gateway.complete("sure", ADA, ME) for _ in range(2)]

    assert [(reply.confidence, reply.confidence_by) for reply in replies] == [(pytest.approx(0.9), "logprobs")] * 2
    assert provider.requests[0].logprobs
    assert len(provider.requests) == 1
    assert [(row.confidence, row.confidence_by) for row in made.rows] == [(pytest.approx(0.9), "logprobs")] * 2


@pytest.mark.feature("G9")
@pytest.mark.parametrize("sure", [0.69, None], ids=["below", "not told"])
async def test_an_unsure_reply_takes_the_fallback_path(bench: Make, sure: float | None) -> None:
    """The task's own text answers, marked as degraded and not kept; what the unsure reply cost is counted."""
    made = bench(ScriptedProvider(said("Hello Bob?", sure)))

    reply = await made.gateway.complete("sure", ADA, ME)

    assert (reply.text, reply.degraded) == ("Please ask a person.", True)
    assert reply.cost_usd == pytest.approx(120e-6)
    assert (made.rows[0].status, made.rows[0].input_tokens) == ("ok", 100)
    assert made.cache.replies == {}


@pytest.mark.feature("G9")
async def test_without_a_fallback_it_is_refused_and_its_cost_stays_in_the_row(bench: Make) -> None:
    """An error of its own, with the numbers and what to do."""
    made = bench(ScriptedProvider(said("Yes."), said("No way."), said("Perhaps so.")))

    with pytest.raises(UnsureReplyError, match=r"confidence is 0\.00, task 'agreed' asks for 0\.6: give the route"):
        await made.gateway.complete("agreed", ADA, ME)

    assert (made.rows[0].status, made.rows[0].cost_usd) == ("failed", pytest.approx(3 * 120e-6))


@pytest.mark.feature("G9")
async def test_samples_serve_the_reply_they_agree_on(bench: Make) -> None:
    """The first reply stands alone against two: theirs is served. All three are warm, paid, and one call."""
    provider = ScriptedProvider(said("The capital is Bonn."), said("It is Berlin."), said("It is Berlin!"))
    made = bench(provider)

    reply = await made.gateway.complete("agreed", ADA, ME)

    assert (reply.text, reply.confidence_by) == ("It is Berlin.", "samples")
    assert reply.confidence == pytest.approx((1 + 2 / 7) / 2)
    assert [request.temperature for request in provider.requests] == [None, 0.7, 0.7]
    assert (reply.usage.input_tokens, reply.cost_usd) == (300, pytest.approx(3 * 120e-6))
    assert len(made.rows) == 1
    assert len(made.rows[0].attempts) == 3


@pytest.mark.feature("G8")
async def test_a_cheap_reply_that_is_not_sure_escalates(bench: Make) -> None:
    """The dearer model answers, and its own confidence counts."""
    provider = ScriptedProvider(said("Perhaps.", 0.3), said("Certainly.", 0.95))

    reply = await bench(provider).gateway.complete("climbing", ADA, ME)

    assert [request.model for request in provider.requests] == ["little", "big"]
    assert (reply.text, reply.model, reply.confidence, reply.degraded) == (
        "Certainly.",
        "large",
        pytest.approx(0.95),
        False,
    )


@pytest.mark.feature("G8")
async def test_either_samples_where_no_probabilities_come(bench: Make) -> None:
    """A provider that tells none is sampled instead; a sure cheap reply stays."""
    provider = ScriptedProvider(said("Yes, fourteen days."))

    reply = await bench(provider).gateway.complete("climbing", ADA, ME)

    assert (reply.model, reply.confidence, reply.confidence_by) == ("small", 1.0, "samples")
    assert len(provider.requests) == 3


@pytest.mark.feature("G9")
async def test_a_stream_tells_its_confidence_at_the_end(bench: Make) -> None:
    """Nothing is taken back: an unsure stream is served and says so."""

    class Spoken(ScriptedProvider):
        async def stream(self, request: ModelRequest, timeouts: Timeouts) -> Any:
            for word, sure in (("Hello ", 0.5), ("Ada.", 0.4)):
                yield Chunk(word, logprobs=(math.log(sure),))
            yield Chunk(finish_reason="stop", usage=Usage(5, 2))

    items = [item async for item in bench(Spoken("ok")).gateway.stream("sure", ADA, ME)]

    assert isinstance(items[-1], Reply)
    assert items[-1].text == "Hello Ada."
    assert items[-1].confidence == pytest.approx(math.sqrt(0.2))


def test_data_agrees_when_it_is_equal_and_what_is_no_data_agrees_with_nothing() -> None:
    """The order of keys does not matter; a reply that does not fit its schema has no vote."""
    schema = {"type": "object", "required": ["a"]}
    replies = [said("no JSON"), said('{"a": 1, "b": 2}'), said('{"b": 2, "a": 1}'), said('{"a": 3}')]

    assert best(replies, schema) == (1, pytest.approx(1 / 3))


BODIES = {
    "openai": {
        "choices": [
            {
                "message": {"content": "Hi"},
                "finish_reason": "stop",
                "logprobs": {"content": [{"token": "H", "logprob": -0.5}, {"token": "i", "logprob": -1.5}]},
            }
        ]
    },
    "responses": {
        "status": "completed",
        "output": [
            {
                "type": "message",
                "content": [
                    {"type": "output_text", "text": "Hi", "logprobs": [{"token": "Hi", "logprob": -1.0}]},
                ],
            }
        ],
    },
    "gemini": {
        "candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP", "avgLogprobs": -1.0}],
    },
    "ollama": {
        "model": "m",
        "message": {"role": "assistant", "content": "Hi"},
        "done": True,
        "done_reason": "stop",
        "logprobs": [{"token": "Hi", "logprob": -1.0}],
    },
}
ASKED = {
    "openai": lambda body: body["logprobs"] is True,
    "responses": lambda body: body["include"] == ["message.output_text.logprobs"],
    "gemini": lambda body: body["generationConfig"]["responseLogprobs"] is True,
    "ollama": lambda body: body["logprobs"] is True,
}


@pytest.mark.feature("G9")
@pytest.mark.parametrize("protocol", BODIES)
def test_log_probabilities_in_each_protocol(protocol: str) -> None:
    """Asked for only when they are wanted, in the protocol's own words, and read out of its reply."""
    codec = CODECS[protocol]
    wanted = codec.encode_request(ModelRequest("m", (Message("user", "Hello"),), logprobs=True))
    usual = codec.encode_request(ModelRequest("m", (Message("user", "Hello"),)))

    assert ASKED[protocol](wanted)
    assert "logprob" not in orjson.dumps(usual).decode()
    assert codec.decode_reply(BODIES[protocol]).logprob == -1.0


def test_log_probabilities_in_a_stream_of_openai() -> None:
    """Each chunk brings those of its tokens."""
    event = {"choices": [{"delta": {"content": "Hi"}, "logprobs": {"content": [{"token": "Hi", "logprob": -0.25}]}}]}

    chunk = StreamDecoder().decode(orjson.dumps(event))

    assert chunk is not None
    assert chunk.logprobs == (-0.25,)


async def test_the_stand_in_is_surer_of_words_it_was_given() -> None:
    """So that routes with a threshold can be tried without a model."""
    asked = [
        ModelRequest("m", (Message("user", text),), logprobs=True)
        for text in ("Hello", "Thank you for your message about refunds; we come back to you.")
    ]

    replies = await asyncio.gather(*(OfflineProvider().complete(one, Timeouts(1, 1, 1, 1)) for one in asked))

    assert replies[0].logprob is not None
    assert replies[1].logprob is not None
    assert replies[0].logprob < replies[1].logprob < 0
