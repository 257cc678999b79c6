"""Ollama's wire format: both sides read each other, and its oddities are understood."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ProviderBrokenError, ProviderRefusedError, ProviderUnavailableError
from app.intelligence.messages import Embeddings, Message, ModelReply, ModelRequest, Part, ToolCall, Usage
from app.intelligence.wire import ndjson, ollama, ollama_embeddings, ollama_reply
from app.intelligence.wire.ndjson import LineReader
from app.intelligence.wire.ollama_stream import StreamDecoder, StreamEncoder
from tests.intelligence.wire_strategies import (
    BRIEF,
    LOOSE_TOOLS,
    REPLY,
    SCHEMA,
    TEXT,
    again,
    as_called,
    conversations,
    requests,
    reread,
    written,
)

ASKED = (Message("user", "Oslo?"),)
PICTURE = st.sampled_from(["image/png;base64,iVBORw0KGgoAAA", "image/jpeg;base64,/9j/4AAQ"]).map(
    lambda data: Part("image", image_url=f"data:{data}")
)
EXTRA = {"keep_alive": "5m", "options": {"num_ctx": 4096}}


@BRIEF
@given(
    requests(
        messages=conversations(PICTURE),
        tools=LOOSE_TOOLS,
        seed=st.none() | st.integers(0, 2**31),
        output_schema=st.none() | SCHEMA,
        extra=st.sampled_from([{}, {"ollama": EXTRA}]),
    )
)
def test_requests_round_trip(request: ModelRequest) -> None:
    """An encoded request decodes to itself, its unknown fields and options included."""
    assert ollama.decode_request(again(ollama.encode_request(request))) == request


def as_told(reply: ModelReply) -> ModelReply:
    """The reply in Ollama's words: no id, and none for withheld content."""
    withheld = reply.finish_reason == "content_filter"
    return as_called(replace(reply, id="", finish_reason="stop" if withheld else reply.finish_reason))


@BRIEF
@given(REPLY)
def test_replies_round_trip(reply: ModelReply) -> None:
    """An encoded reply decodes to itself, cached tokens included."""
    body = again(ollama_reply.encode_reply(reply, model=reply.model, created=datetime.now(UTC), took_ns=1))

    assert ollama_reply.decode_reply(body) == as_told(reply)


@BRIEF
@given(REPLY)
def test_streams_round_trip(reply: ModelReply) -> None:
    """The chunks read from a written stream add up to the reply."""
    read = reread(written(StreamEncoder(model=reply.model), reply), StreamDecoder(), LineReader())

    assert read == as_told(reply)


@BRIEF
@given(st.lists(TEXT, max_size=5), st.lists(st.integers(0, 300), max_size=6))
def test_cuts_never_change_the_lines(texts: list[str], cuts: list[int]) -> None:
    """However the bytes are cut the same lines come out, and no reader of lines finds more of them."""
    lines = [ndjson.line({"text": text}) for text in texts]
    stream = b"".join(lines)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader = LineReader()

    read = [line for a, b in pairwise(edges) for line in reader.feed(stream[a:b])]

    assert read == [line.rstrip(b"\n") for line in lines]
    assert len(stream.decode().splitlines()) == len(texts)


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that never ends its line cannot fill the memory."""
    monkeypatch.setattr(ndjson, "MAX_LINE_BYTES", 100)
    reader = LineReader()
    reader.feed(b"x" * 90)

    with pytest.raises(ProviderBrokenError, match="longer than 100 bytes"):
        reader.feed(b"and more of it")


def test_embeddings_round_trip() -> None:
    """Vectors and their cost survive."""
    embeddings = Embeddings([[0.5, 1.0], [0.25, 2.0]], "m", Usage(7))
    body = again(ollama_embeddings.encode_reply(embeddings, model="m", took_ns=1))

    assert ollama_embeddings.decode_reply(body, 2) == embeddings
    assert ollama_embeddings.decode_request(again(ollama_embeddings.encode_request("m", ["a"]))).texts == ("a",)


def test_results_carry_their_tool_s_name() -> None:
    """Servers that know no ids find the result by the tool's name; calls go out as objects."""
    call = ToolCall("a", "look", '{"x":1}')
    messages = (*ASKED, Message("assistant", "", (call,)), Message("tool", "4", tool_call_id="a"))

    said = ollama.encode_request(ModelRequest("m", messages))["messages"]

    assert said[1]["tool_calls"][0]["function"] == {"name": "look", "arguments": {"x": 1}}
    assert (said[2]["tool_name"], said[2]["content"]) == ("look", "4")


def test_missing_counts_are_marked() -> None:
    """A reply without counts says that they are not the provider's; thoughts are no text."""
    body = {"message": {"role": "assistant", "content": "x", "thinking": "hm"}, "done": True}

    reply = ollama_reply.decode_reply(body)

    assert (reply.text, reply.usage) == ("x", Usage(estimated=True))


@pytest.mark.parametrize("limit", [-1, -2])
def test_negative_limits_are_none(limit: int) -> None:
    """Ollama's words for no limit are understood."""
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "options": {"num_predict": limit}}

    assert ollama.decode_request(body).max_output_tokens is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "text",
        {"message": 5},
        {"message": {"content": 5}},
        {"message": {"tool_calls": [{}]}},
        {"message": {"content": "x"}, "prompt_eval_count": "many"},
    ],
    ids=repr,
)
def test_bodies_that_are_no_reply(body: Any) -> None:
    """Anything but a message is a broken provider, never a crash or an empty answer."""
    with pytest.raises(ProviderBrokenError):
        ollama_reply.decode_reply(body)


@pytest.mark.parametrize("data", [b"{", b"[]", b"7", b"{}", b'{"message": 5}'], ids=repr)
def test_lines_that_are_no_chunks(data: bytes) -> None:
    """Nonsense in a stream is a broken provider."""
    with pytest.raises(ProviderBrokenError):
        StreamDecoder().decode(data)


def test_errors_inside_streams_are_typed() -> None:
    """A provider that gives up in the middle of its stream may be tried again."""
    with pytest.raises(ProviderUnavailableError, match="out of memory"):
        StreamDecoder().decode(b'{"error": "out of memory"}')


@pytest.mark.parametrize(
    "request_",
    [
        ModelRequest("m", ASKED, tool_choice="required"),
        ModelRequest("m", (Message("user", (Part("image", image_url="https://x.org/a.png"),)),)),
        ModelRequest("m", (Message("assistant", "", (ToolCall("1", "look", "not json"),)),)),
    ],
    ids=["a tool demanded", "picture to fetch", "arguments that are no object"],
)
def test_what_ollama_cannot_say_is_refused(request_: ModelRequest) -> None:
    """A request the protocol has no words for is refused before it is sent, so that the next provider is tried."""
    with pytest.raises(ProviderRefusedError):
        ollama.encode_request(request_)
