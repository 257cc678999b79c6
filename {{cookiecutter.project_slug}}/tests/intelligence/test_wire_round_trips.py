"""What one side of a codec writes, the other side reads as the same value."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.intelligence.messages import Embeddings, ModelReply, ModelRequest, Usage
from app.intelligence.wire import (
    anthropic_messages,
    anthropic_messages_reply,
    anthropic_messages_stream,
    openai_chat,
    openai_chat_reply,
    openai_chat_stream,
    openai_embeddings,
)
from tests.intelligence.wire_strategies import BOUNDED, REPLY, SCHEMA, again, requests, reread, written


@BOUNDED
@given(
    requests(
        seed=st.none() | st.integers(0, 2**31),
        output_schema=st.none() | SCHEMA,
        tool_choice=st.sampled_from([None, "auto", "none", "required", "a_tool"]),
        extra=st.sampled_from([{}, {"openai": {"logit_bias": {"5": 1}, "user": "u"}}]),
    )
)
def test_openai_requests_round_trip(request: ModelRequest) -> None:
    """An encoded request decodes to itself, its unknown fields included."""
    assert openai_chat.decode_request(again(openai_chat.encode_request(request))) == request


@BOUNDED
@given(requests(output_schema=st.none() | SCHEMA, extra=st.sampled_from([{}, {"anthropic": {"top_k": 5}}])))
def test_anthropic_requests_round_trip(request: ModelRequest) -> None:
    """An encoded request decodes to itself, the schema's stand-in tool turned back into a schema."""
    assert anthropic_messages.decode_request(again(anthropic_messages.encode_request(request))) == request


@BOUNDED
@given(REPLY)
def test_openai_replies_round_trip(reply: ModelReply) -> None:
    """An encoded reply decodes to itself."""
    body = again(openai_chat_reply.encode_reply(reply, id=reply.id, model=reply.model, created=1))

    assert openai_chat_reply.decode_reply(body) == reply


@BOUNDED
@given(REPLY)
def test_anthropic_replies_round_trip(reply: ModelReply) -> None:
    """An encoded reply decodes to itself, cached tokens counted once."""
    body = again(anthropic_messages_reply.encode_reply(reply, id=reply.id, model=reply.model))

    assert anthropic_messages_reply.decode_reply(body) == reply


@BOUNDED
@given(REPLY)
def test_openai_streams_round_trip(reply: ModelReply) -> None:
    """The chunks read from a written stream add up to the reply."""
    encoder = openai_chat_stream.StreamEncoder(id="i", model=reply.model, created=1, include_usage=True)

    read = reread(written(encoder, reply), openai_chat_stream.StreamDecoder())

    assert read == ModelReply(reply.text, reply.model, reply.usage, reply.finish_reason, reply.tool_calls)


@BOUNDED
@given(REPLY)
def test_anthropic_streams_round_trip(reply: ModelReply) -> None:
    """The chunks read from a written stream add up to the reply."""
    encoder = anthropic_messages_stream.StreamEncoder(id="i", model=reply.model)

    read = reread(written(encoder, reply), anthropic_messages_stream.StreamDecoder())

    assert read == ModelReply(reply.text, reply.model, reply.usage, reply.finish_reason, reply.tool_calls)


@BOUNDED
@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(st.floats(-1, 1, width=32), min_size=n, max_size=n), min_size=1, max_size=3)
    ),
    st.sampled_from(["float", "base64"]),
)
def test_embeddings_round_trip(vectors: list[list[float]], encoding: Any) -> None:
    """Vectors of 32-bit floats survive both encodings exactly."""
    embeddings = Embeddings(vectors, "m", Usage(7))

    body = again(openai_embeddings.encode_reply(embeddings, model="m", encoding=encoding))

    assert openai_embeddings.decode_reply(body, len(vectors)) == embeddings
