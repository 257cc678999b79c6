"""What one side of a codec writes, the other side reads as the same value."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from app.intelligence.messages import (
    Chunk,
    Embeddings,
    FinishReason,
    Message,
    ModelReply,
    ModelRequest,
    Part,
    Tool,
    ToolCall,
    Usage,
)
from app.intelligence.providers.faults import words
from app.intelligence.stream import StreamedReply
from app.intelligence.wire import (
    anthropic_messages,
    anthropic_messages_reply,
    anthropic_messages_stream,
    openai_chat,
    openai_chat_reply,
    openai_chat_stream,
    openai_embeddings,
)
from app.intelligence.wire.sse import EventReader

BOUNDED = settings(max_examples=120, deadline=None)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SAID = TEXT.filter(bool)
NAME = st.from_regex(r"[a-z][a-z_]{0,10}", fullmatch=True).filter(lambda n: n not in ("auto", "none", "required"))
WHOLE = st.integers(-(2**63), 2**63 - 1)
ARGUMENTS = st.dictionaries(NAME, WHOLE | TEXT | st.booleans(), max_size=3).map(lambda o: orjson.dumps(o).decode())
CALL = st.builds(ToolCall, SAID, NAME, ARGUMENTS)
IMAGE = st.sampled_from(["https://example.org/a.png", "data:image/png;base64,aGk="]).map(lambda u: Part("image", "", u))
PARTS = st.lists(st.builds(Part, st.just("text"), SAID) | IMAGE, min_size=1, max_size=3).map(tuple)
SCHEMA = st.dictionaries(NAME, st.just({"type": "string"}), min_size=1, max_size=3).map(
    lambda fields: {"type": "object", "properties": fields, "required": sorted(fields)}
)
TOOL = st.builds(Tool, NAME, TEXT, SCHEMA, st.booleans())
TOOLS = st.lists(TOOL, max_size=2, unique_by=lambda tool: tool.name).map(tuple)
FINISH: list[FinishReason] = ["stop", "length", "tool_calls", "content_filter"]
USAGE = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6)).map(
    lambda n: Usage(n[0] + n[2], n[1], n[2])
)
REPLY = st.builds(
    ModelReply,
    text=TEXT,
    model=SAID,
    usage=USAGE,
    finish_reason=st.sampled_from(FINISH),
    tool_calls=st.lists(CALL, max_size=2).map(tuple),
    id=SAID,
)


def turns(text: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Message, ...]]:
    """A conversation: system first, then users, assistants with and without calls, tool results."""
    said = text | PARTS
    turn = st.one_of(
        st.builds(Message, st.just("user"), said),
        st.builds(Message, st.just("assistant"), SAID),
        st.builds(Message, st.just("assistant"), text, st.lists(CALL, min_size=1, max_size=2).map(tuple)),
        st.builds(Message, st.just("tool"), text, tool_call_id=SAID),
    )
    systems = st.lists(st.builds(Message, st.just("system"), SAID), max_size=2)
    return st.tuples(systems, st.lists(turn, min_size=1, max_size=4)).map(lambda pair: (*pair[0], *pair[1]))


def requests(**own: Any) -> st.SearchStrategy[ModelRequest]:
    """Requests with what both protocols can say."""
    return st.builds(
        ModelRequest,
        model=SAID,
        messages=turns(TEXT),
        max_output_tokens=st.integers(1, 10**5),
        temperature=st.none() | st.floats(0, 1),
        top_p=st.none() | st.floats(0, 1),
        stop=st.lists(SAID, max_size=3).map(tuple),
        tools=TOOLS,
        stream=st.booleans(),
        **own,
    )


def again(body: dict[str, Any]) -> Any:
    """The body as it arrives on the other side."""
    return orjson.loads(orjson.dumps(body))


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


def reread(frames: bytes, decoder: Any) -> ModelReply:
    """The reply that a client puts together from the frames of a stream."""
    gathered = StreamedReply()
    for data in EventReader().feed(frames):
        chunk = decoder.decode(data)
        if chunk is not None:
            gathered.add(chunk)
    assert decoder.finished
    return gathered.reply(ModelRequest("m", ()))


def written(encoder: Any, reply: ModelReply) -> bytes:
    """The frames of a reply streamed word by word."""
    said: list[Chunk] = words(reply)
    return bytes(encoder.start() + b"".join(encoder.chunk(chunk) for chunk in said) + encoder.end(reply))


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
