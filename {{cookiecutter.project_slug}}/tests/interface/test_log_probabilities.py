"""Log probabilities at the doors, by OpenAI's and Google's own SDK, and what the stand-in says of its own."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import openai
import pytest
from google.genai import errors, types

from app.intelligence.messages import Message, ModelRequest, TokenLogprob
from app.intelligence.providers.offline import OfflineProvider
from app.intelligence.providers.provider import Timeouts
from app.intelligence.reply import from_stored, to_stored, with_tokens_of_text
from app.intelligence.wire import gemini, gemini_reply, openai_chat_reply
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
    assert (asked.logprobs, asked.extra["openai"]) == (True, {"top_logprobs": 2})


def test_other_replies_have_none(doors: Served) -> None:
    """As OpenAI's have none that were not asked for."""
    assert doors.openai().chat.completions.create(model="m", messages=ASKED).choices[0].logprobs is None


def test_a_reply_without_them_is_an_error_that_says_why(doors: Served) -> None:
    """Rather than a field of nothing: the provider tells none, or the text is not what its tokens make up."""
    for reply in (a_reply(), a_reply("Fourteen days, Ann.", tokens=TOKENS)):
        doors.gateway.reply = reply
        with pytest.raises(openai.UnprocessableEntityError, match="logprobs cannot be told of this reply of large"):
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


async def test_the_stand_in_tells_how_likely_its_words_are() -> None:
    """Its tokens make up its text; words it was given are likelier, and stand beside others when that is asked for."""
    asked = ModelRequest("m", (Message("user", "Which planet is large?"),), logprobs=True)
    timeouts = Timeouts(1, 1, 1)

    plain = await OfflineProvider().complete(asked, timeouts)
    told = await OfflineProvider().complete(replace(asked, extra={"openai": {"top_logprobs": 3}}), timeouts)

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
    assert (asked.logprobs, asked.extra) == (True, {"openai": {"top_logprobs": 2}})
    with pytest.raises(errors.ClientError, match="not served in a stream"):
        list(models.generate_content_stream(model="m", contents="How long?", config=config))


def test_gemini_s_tokens_are_read_as_they_are_written() -> None:
    """What one side encodes the other decodes, and a provider of Gemini's protocol is asked for as many."""
    written = gemini_reply.encode_reply(replace(_model_reply(), tokens=TOKENS), id="1", model="m")
    assert gemini_reply.decode_reply(written).tokens == TOKENS
    request = ModelRequest("m", (Message("user", "Hi"),), logprobs=True, extra={"openai": {"top_logprobs": 2}})
    assert gemini.encode_request(request)["generationConfig"] == {"responseLogprobs": True, "logprobs": 2}
