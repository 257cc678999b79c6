"""Log probabilities at the doors, by OpenAI's and Google's own SDK, and what the stand-in says of its own."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import openai
import pytest
from google.genai import errors, types

from app.intelligence.messages import Chunk, Message, ModelRequest, TokenLogprob
from app.intelligence.providers.offline import OfflineProvider
from app.intelligence.providers.provider import Timeouts
from app.intelligence.reply import from_stored, to_stored, with_tokens_of_text
from app.intelligence.wire import (
    gemini,
    gemini_reply,
    openai_chat_reply,
    openai_chat_stream,
    openai_responses_stream,
)
from tests.interface.served_doors import Served, a_reply

TOKENS = (TokenLogprob("Four", -0.1, (("Four", -0.1), ("Six", -2.5))), TokenLogprob("teen days.", -0.2))
ASKED: Any = [{"role": "user", "content": "How long?"}]


@pytest.mark.feature("I1")
def test_log_probabilities_are_told_when_asked_for(doors: Served) -> None:
    """Token by token, with those beside it; a provider of the same protocol is asked for as many."""
    doors.gateway.reply = a_reply(tokens=TOKENS)
    client = doors.openai()

    told = client.chat.completions.create(model="m", messages=ASKED, logprobs=True, top_logprobs=2).choices[0].logprobs

    assert told is not None
    first, second = told.content or []
    assert (first.token, first.logprob, first.bytes) == ("Four", -0.1, [70, 111, 117, 114])
    assert [(top.token, top.logprob) for top in first.top_logprobs] == [("Four", -0.1), ("Six", -2.5)]
    assert second.top_logprobs == []
    asked = doors.gateway.requests[0]
    assert (asked.logprobs, asked.top_logprobs) == (True, 2)


def test_other_replies_have_none(doors: Served) -> None:
    """As OpenAI's have none that were not asked for."""
    assert doors.openai().chat.completions.create(model="m", messages=ASKED).choices[0].logprobs is None


def test_a_reply_without_them_is_an_error_that_says_why(doors: Served) -> None:
    """Rather than a field of nothing: the provider tells none, or the text is not what its tokens make up."""
    for reply in (a_reply(), a_reply("Fourteen days, Ann.", tokens=TOKENS)):
        doors.gateway.reply = reply
        with pytest.raises(openai.BadRequestError, match="logprobs cannot be told of this reply of large"):
            doors.openai().chat.completions.create(model="m", messages=ASKED, logprobs=True)


def test_a_provider_s_tokens_are_read_as_they_are_written() -> None:
    """What one side encodes the other decodes."""
    reply = openai_chat_reply.decode_reply(
        openai_chat_reply.encode_reply(replace(_model_reply(), tokens=TOKENS), id="1", model="m", created=1)
    )
    assert reply.tokens == TOKENS
    assert reply.logprob == pytest.approx(-0.15)


def test_a_kept_reply_keeps_them_and_a_guarded_one_loses_them() -> None:
    """Tokens hold what the model wrote: where that is not shown, they are not either."""
    reply = a_reply(tokens=TOKENS)
    assert from_stored(to_stored(reply), call_id="2", trace_id="t").tokens == TOKENS
    assert with_tokens_of_text(reply) is reply
    assert with_tokens_of_text(replace(reply, text="[removed]")).tokens == ()


def test_a_stream_tells_them_a_token_a_chunk(doors: Served) -> None:
    """Each piece of text with the token it is; parts of one character come together, their bytes tell them apart."""
    halves = (TokenLogprob("\\xc3", -0.5, part=b"\xc3"), TokenLogprob("\\xa9", -0.5, part=b"\xa9"))
    doors.gateway.chunks = [Chunk("Fourteen days.", tokens=TOKENS), Chunk("é", tokens=halves)]
    doors.gateway.reply = a_reply("Fourteen days.é")
    client = doors.openai()

    stream = list(client.chat.completions.create(model="m", messages=ASKED, logprobs=True, top_logprobs=2, stream=True))

    told = [chunk.choices[0] for chunk in stream if chunk.choices and chunk.choices[0].logprobs]
    assert [choice.delta.content for choice in told] == ["Four", "teen days.", "é"]
    tokens = [[(one.token, one.bytes) for one in choice.logprobs.content or []] for choice in told if choice.logprobs]
    assert tokens[0] == [("Four", [70, 111, 117, 114])]
    assert tokens[2] == [("\\xc3", [0xC3]), ("\\xa9", [0xA9])]
    first = told[0].logprobs
    assert first is not None
    assert [(top.token, top.logprob) for top in (first.content or [])[0].top_logprobs] == [
        ("Four", -0.1),
        ("Six", -2.5),
    ]


@pytest.mark.feature("I1")
def test_responses_tell_them_whole_and_streamed(doors: Served) -> None:
    """In the part of the message, in each event of its text, and in the events that end it."""
    doors.gateway.chunks, doors.gateway.reply = [Chunk("Fourteen days.", tokens=TOKENS)], a_reply(tokens=TOKENS)
    client, include = doors.openai(), "message.output_text.logprobs"

    whole: Any = client.responses.create(model="m", input="How long?", include=[include], top_logprobs=2)
    events: Any = list(client.responses.create(model="m", input="x", include=[include], top_logprobs=2, stream=True))

    part = whole.output[0].content[0]
    assert [(one.token, one.logprob) for one in part.logprobs] == [("Four", -0.1), ("teen days.", -0.2)]
    assert part.logprobs[0].top_logprobs[1].token == "Six"
    deltas = [event for event in events if event.type == "response.output_text.delta"]
    assert [(event.delta, event.logprobs[0].token) for event in deltas] == [("Four",) * 2, ("teen days.",) * 2]
    done = next(event for event in events if event.type == "response.output_text.done")
    assert [one.token for one in done.logprobs] == ["Four", "teen days."]
    assert events[-1].response.output[0].content[0].logprobs == part.logprobs
    asked = doors.gateway.requests[0]
    assert (asked.logprobs, asked.top_logprobs, asked.extra) == (True, 2, {})


def test_a_provider_s_stream_is_read_as_it_is_written() -> None:
    """At chat and at Responses alike."""
    chat = openai_chat_stream.StreamEncoder(id="1", model="m", created=1)
    own = openai_responses_stream.StreamEncoder(id="1", model="m", created=1, asked={})
    for encoder, decoder in (
        (chat, openai_chat_stream.StreamDecoder()),
        (own, openai_responses_stream.StreamDecoder()),
    ):
        frames = encoder.chunk(Chunk("Fourteen days.", tokens=TOKENS)).split(b"\n")
        data = [line.removeprefix(b"data: ") for line in frames if line.startswith(b"data: ")]
        read = [chunk for chunk in map(decoder.decode, data) if chunk is not None]

        assert [chunk.text for chunk in read] == ["Four", "teen days."]
        assert tuple(token for chunk in read for token in chunk.tokens) == TOKENS
        assert [chunk.logprobs for chunk in read] == [(-0.1,), (-0.2,)]


async def test_the_stand_in_streams_them() -> None:
    """Its words, which are its tokens, one a chunk."""
    asked = ModelRequest("m", (Message("user", "Which planet is large?"),), logprobs=True, stream=True)

    chunks = [chunk async for chunk in OfflineProvider().stream(asked, Timeouts(1, 1, 1))]

    said = [chunk for chunk in chunks if chunk.text]
    assert len(said) > 1
    assert all(chunk.text == "".join(token.token for token in chunk.tokens) for chunk in said)


async def test_the_stand_in_tells_how_likely_its_words_are() -> None:
    """Its tokens make up its text; words it was given are likelier, and stand beside others when that is asked for."""
    asked = ModelRequest("m", (Message("user", "Which planet is large?"),), logprobs=True)
    timeouts = Timeouts(1, 1, 1)

    plain = await OfflineProvider().complete(asked, timeouts)
    told = await OfflineProvider().complete(replace(asked, top_logprobs=3), timeouts)

    assert "".join(each.token for each in plain.tokens) == plain.text
    assert {each.logprob for each in plain.tokens} == {math.log(0.95), math.log(0.5)}
    assert all(each.top == () for each in plain.tokens)
    assert all(len(each.top) == 3 and each.top[0] == (each.token, each.logprob) for each in told.tokens)
    assert all(sum(math.exp(likely) for _, likely in each.top) <= 1 for each in told.tokens)


def _model_reply() -> Any:
    from app.interface.event_stream import as_model_reply

    return as_model_reply(a_reply())


@pytest.mark.feature("I1")
def test_gemini_s_client_reads_them_too(doors: Served) -> None:
    """The reply's tokens, those beside each and their mean; not in a stream."""
    doors.gateway.reply = a_reply(tokens=TOKENS)
    models = doors.gemini().models
    config = types.GenerateContentConfig(response_logprobs=True, logprobs=2)

    (told,) = models.generate_content(model="m", contents="How long?", config=config).candidates or []

    assert told.avg_logprobs == pytest.approx(-0.15)
    assert told.logprobs_result is not None
    chosen = told.logprobs_result.chosen_candidates or []
    assert [(each.token, each.log_probability) for each in chosen] == [("Four", -0.1), ("teen days.", -0.2)]
    first, second = told.logprobs_result.top_candidates or []
    assert [each.token for each in first.candidates or []] == ["Four", "Six"]
    assert not second.candidates
    asked = doors.gateway.requests[0]
    assert (asked.logprobs, asked.top_logprobs, asked.extra) == (True, 2, {})
    with pytest.raises(errors.ClientError, match="not served in a stream"):
        list(models.generate_content_stream(model="m", contents="How long?", config=config))


def test_gemini_s_tokens_are_read_as_they_are_written() -> None:
    """What one side encodes the other decodes, and a provider of Gemini's protocol is asked for as many."""
    written = gemini_reply.encode_reply(replace(_model_reply(), tokens=TOKENS), id="1", model="m")
    assert gemini_reply.decode_reply(written).tokens == TOKENS
    request = ModelRequest("m", (Message("user", "Hi"),), logprobs=True, top_logprobs=2)
    assert gemini.encode_request(request)["generationConfig"] == {"responseLogprobs": True, "logprobs": 2}
