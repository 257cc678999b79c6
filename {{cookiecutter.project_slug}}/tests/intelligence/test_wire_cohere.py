"""Cohere's wire format: both sides read each other, and its oddities are understood."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ProviderBrokenError, ProviderRefusedError, ProviderUnavailableError
from app.intelligence.messages import Embeddings, Message, ModelReply, ModelRequest, Part, Tool, Usage
from app.intelligence.wire import cohere, cohere_embeddings, cohere_reply
from app.intelligence.wire.cohere_stream import StreamDecoder, StreamEncoder
from tests.intelligence.wire_strategies import (
    BRIEF,
    IMAGE,
    LOOSE_TOOLS,
    REPLY,
    SCHEMA,
    again,
    conversations,
    requests,
    reread,
    written,
)

ASKED = (Message("user", "Oslo?"),)
TOOLS = (Tool("look", parameters={"type": "object"}), Tool("find", parameters={"type": "object"}))


@BRIEF
@given(
    requests(
        messages=conversations(IMAGE),
        tools=LOOSE_TOOLS,
        top_p=st.none() | st.floats(cohere.LOWEST_TOP_P, cohere.HIGHEST_TOP_P),
        seed=st.none() | st.integers(0, 2**31),
        output_schema=st.none() | SCHEMA,
        tool_choice=st.sampled_from([None, "none", "required"]),
        extra=st.sampled_from([{}, {"cohere": {"k": 5, "safety_mode": "STRICT"}}]),
    )
)
def test_requests_round_trip(request: ModelRequest) -> None:
    """An encoded request decodes to itself, its unknown fields included."""
    assert cohere.decode_request(again(cohere.encode_request(request))) == request


@BRIEF
@given(REPLY)
def test_replies_round_trip(reply: ModelReply) -> None:
    """An encoded reply decodes to itself, text beside calls as their plan; the protocol names no model."""
    body = again(cohere_reply.encode_reply(reply, id=reply.id))

    assert cohere_reply.decode_reply(body) == replace(reply, model="")


@BRIEF
@given(REPLY)
def test_streams_round_trip(reply: ModelReply) -> None:
    """The chunks read from a written stream add up to the reply."""
    read = reread(written(StreamEncoder(id="i"), reply), StreamDecoder())

    assert read == replace(reply, model="", id="")


def test_embeddings_round_trip() -> None:
    """Vectors and their cost survive."""
    embeddings = Embeddings([[0.5, 1.0], [0.25, 2.0]], "", Usage(7))
    wanted = cohere_embeddings.decode_request(again(cohere_embeddings.encode_request("m", ["a", "b"])))

    assert wanted == cohere_embeddings.EmbeddingsRequest("m", ("a", "b"))
    assert cohere_embeddings.decode_reply(again(cohere_embeddings.encode_reply(embeddings, wanted, id="i")), 2) == (
        embeddings
    )


def test_one_named_tool_is_demanded_by_sending_no_other() -> None:
    """The protocol can demand a tool, not which; a name nobody has is refused."""
    body = cohere.encode_request(ModelRequest("m", ASKED, tools=TOOLS, tool_choice="find"))

    assert (body["tool_choice"], [tool["function"]["name"] for tool in body["tools"]]) == ("REQUIRED", ["find"])
    with pytest.raises(ProviderRefusedError, match="no tool is called so"):
        cohere.encode_request(ModelRequest("m", ASKED, tools=TOOLS, tool_choice="gone"))


@pytest.mark.parametrize(("asked", "sent"), [(1.0, 0.99), (0.0, 0.01), (0.5, 0.5)])
def test_top_p_is_held_within_the_protocol_s_limits(asked: float, sent: float) -> None:
    """What other protocols allow at the edges is not refused by Cohere."""
    assert cohere.encode_request(ModelRequest("m", ASKED, top_p=asked))["p"] == sent


def test_streamed_plans_are_text() -> None:
    """What the model says before it calls is text, thoughts are not."""
    decoder = StreamDecoder()
    events = [
        {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "I will look."}}},
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"thinking": "hm"}}}},
    ]

    chunks = [decoder.decode(orjson.dumps(event)) for event in events]

    assert [chunk and chunk.text for chunk in chunks] == ["I will look.", None]


def test_a_reply_that_failed_may_be_tried_again() -> None:
    """A generation that ended with an error is no reply, streamed or not."""
    with pytest.raises(ProviderUnavailableError, match="TIMEOUT"):
        cohere_reply.decode_reply({"message": {"content": []}, "finish_reason": "TIMEOUT"})
    with pytest.raises(ProviderUnavailableError, match="too busy"):
        StreamDecoder().decode(b'{"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "too busy"}}')


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "text",
        {"message": {}},
        {"message": {"content": [{}]}, "finish_reason": "COMPLETE"},
        {"message": {}, "finish_reason": "COMPLETE", "usage": {"tokens": {"input_tokens": "many"}}},
    ],
    ids=repr,
)
def test_bodies_that_are_no_reply(body: Any) -> None:
    """Anything but a message is a broken provider, never a crash or an empty answer."""
    with pytest.raises(ProviderBrokenError):
        cohere_reply.decode_reply(body)


@pytest.mark.parametrize("data", [b"{", b"[]", b"7", b"{}", b'{"type": "content-delta", "delta": 5}'], ids=repr)
def test_events_that_are_no_chunks(data: bytes) -> None:
    """Nonsense in a stream is a broken provider."""
    with pytest.raises(ProviderBrokenError):
        StreamDecoder().decode(data)


def test_a_picture_outside_a_user_s_message_is_refused() -> None:
    """A request the protocol has no words for is refused before it is sent, so that the next provider is tried."""
    picture = Part("image", image_url="https://x.org/a.png")

    with pytest.raises(ProviderRefusedError):
        cohere.encode_request(ModelRequest("m", (Message("tool", (picture,), tool_call_id="1"),)))
