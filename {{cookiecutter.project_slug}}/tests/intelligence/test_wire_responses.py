"""OpenAI's Responses as a wire format: both sides read each other, and its oddities are understood."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ProviderBrokenError, ProviderRefusedError, ProviderUnavailableError
from app.intelligence.messages import Message, ModelReply, ModelRequest, ToolCall, Usage
from app.intelligence.wire import openai_responses, openai_responses_reply
from app.intelligence.wire.openai_responses_stream import StreamDecoder, StreamEncoder
from tests.intelligence.wire_strategies import (
    BRIEF,
    IMAGE,
    REPLY,
    SCHEMA,
    again,
    as_called,
    conversations,
    requests,
    reread,
    written,
)

EXTRA = {"metadata": {"a": "b"}, "text": {"verbosity": "low"}, "parallel_tool_calls": False}


@BRIEF
@given(
    requests(
        messages=conversations(IMAGE),
        stop=st.just(()),
        output_schema=st.none() | SCHEMA,
        tool_choice=st.sampled_from([None, "auto", "none", "required", "a_tool"]),
        extra=st.sampled_from([{}, {"responses": EXTRA}]),
    )
)
def test_requests_round_trip(request: ModelRequest) -> None:
    """An encoded request decodes to itself, its unknown fields included."""
    assert openai_responses.decode_request(again(openai_responses.encode_request(request))) == request


@BRIEF
@given(REPLY)
def test_replies_round_trip(reply: ModelReply) -> None:
    """An encoded reply decodes to itself; that tools were called is told by the calls."""
    body = openai_responses_reply.encode_reply(reply, id=reply.id, model=reply.model, created=1, asked={})

    assert openai_responses_reply.decode_reply(again(body)) == as_called(reply)


@BRIEF
@given(REPLY)
def test_streams_round_trip(reply: ModelReply) -> None:
    """The chunks read from a written stream add up to the reply."""
    encoder = StreamEncoder(id="i", model=reply.model, created=1, asked={})

    read = reread(written(encoder, reply), StreamDecoder())

    told = as_called(reply)
    assert read == ModelReply(told.text, told.model, told.usage, told.finish_reason, told.tool_calls)


def test_nothing_is_kept_at_the_provider() -> None:
    """Requests say that they need not be stored, unless a client wants it."""
    asked = ModelRequest("m", (Message("user", "x"),))
    wanted = openai_responses.decode_request({"model": "m", "input": "x", "store": True})

    assert openai_responses.encode_request(asked)["store"] is False
    assert openai_responses.encode_request(wanted)["store"] is True


def test_reasoning_is_left_out_and_calls_join_what_was_said() -> None:
    """The output of an earlier reply can be sent back whole: one message of ours, its calls in it."""
    items = [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Let me look."}]},
        {"type": "function_call", "call_id": "a", "name": "look", "arguments": "{}"},
        {"type": "function_call", "call_id": "b", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "4"},
    ]

    messages = openai_responses.decode_request({"model": "m", "input": items}).messages

    calls = (ToolCall("a", "look", "{}"), ToolCall("b", "look", "{}"))
    assert messages == (Message("assistant", "Let me look.", calls), Message("tool", "4", tool_call_id="a"))


def body_of(**changes: Any) -> dict[str, Any]:
    """A reply with this output."""
    said = {"type": "message", "content": [{"type": "output_text", "text": "x"}]}
    return {"id": "resp_1", "model": "m", "status": "completed", "output": [said], **changes}


def test_a_refusal_is_text_with_its_reason() -> None:
    """A refusal becomes the text, and the finish reason says that content was withheld, streamed or not."""
    refusal = {"type": "message", "content": [{"type": "refusal", "refusal": "No."}]}
    decoder = StreamDecoder()
    decoder.decode(b'{"type": "response.refusal.delta", "delta": "No."}')

    whole = openai_responses_reply.decode_reply(body_of(output=[refusal]))
    last = decoder.decode(orjson.dumps({"type": "response.completed", "response": body_of(output=[refusal])}))

    assert (whole.text, whole.finish_reason, whole.usage) == ("No.", "content_filter", Usage(estimated=True))
    assert last is not None
    assert last.finish_reason == "content_filter"


@pytest.mark.parametrize(
    "body",
    [{}, [], None, "text", body_of(output=5), body_of(output=[{}]), body_of(usage={}), {"output": []}],
    ids=repr,
)
def test_bodies_that_are_no_reply(body: Any) -> None:
    """Anything but an output is a broken provider, never a crash or an empty answer."""
    with pytest.raises(ProviderBrokenError):
        openai_responses_reply.decode_reply(body)


@pytest.mark.parametrize("data", [b"{", b"[]", b"7", b"{}", b'{"type": "response.completed"}'], ids=repr)
def test_events_that_are_no_chunks(data: bytes) -> None:
    """Nonsense in a stream is a broken provider."""
    with pytest.raises(ProviderBrokenError):
        StreamDecoder().decode(data)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "message": "busy", "code": "server_error"},
        {"type": "error", "error": {"message": "busy"}},
        {"type": "response.failed", "response": {"status": "failed", "error": {"message": "busy"}}},
    ],
    ids=["flat", "nested", "failed"],
)
def test_errors_inside_streams_are_typed(event: dict[str, Any]) -> None:
    """A provider that gives up in the middle of its stream may be tried again."""
    with pytest.raises(ProviderUnavailableError, match="busy"):
        StreamDecoder().decode(orjson.dumps(event))


def test_stop_sequences_are_refused() -> None:
    """A request the protocol has no words for is refused before it is sent, so that the next provider is tried."""
    with pytest.raises(ProviderRefusedError, match="no stop sequences"):
        openai_responses.encode_request(ModelRequest("m", (Message("user", "x"),), stop=("END",)))
