"""What providers send and take, beyond what round trips show: their own oddities, and replies that are none."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from app.errors import InputError, ProviderBrokenError, ProviderRefusedError, ProviderUnavailableError
from app.intelligence.messages import Message, ModelRequest, Part, Tool, ToolCall, Usage
from app.intelligence.wire import anthropic_messages, anthropic_messages_reply, openai_chat, openai_embeddings
from app.intelligence.wire import openai_chat_reply as openai_reply
from app.intelligence.wire.anthropic_messages_stream import StreamDecoder as AnthropicDecoder
from app.intelligence.wire.anthropic_tools import SCHEMA_TOOL
from app.intelligence.wire.codec import COMPATIBLE
from app.intelligence.wire.openai_chat_stream import StreamDecoder as OpenAIDecoder

SCHEMA = {"type": "object", "properties": {"days": {"type": "integer"}}}
ASKED = (Message("user", "How many days?"),)


def openai_body(**message: Any) -> dict[str, Any]:
    """A chat completion with this message."""
    return {"id": "1", "model": "m", "choices": [{"message": message, "finish_reason": "stop"}]}


def test_a_refusal_is_text_with_its_reason() -> None:
    """OpenAI's refusal field becomes the text, and the finish reason says that content was withheld."""
    reply = openai_reply.decode_reply(openai_body(content=None, refusal="I cannot help with that."))

    assert (reply.text, reply.finish_reason) == ("I cannot help with that.", "content_filter")


def test_missing_usage_is_marked() -> None:
    """A reply without usage says that its counts are not the provider's."""
    assert openai_reply.decode_reply(openai_body(content="x")).usage == Usage(estimated=True)


@pytest.mark.parametrize(
    "body",
    [{}, [], {"choices": []}, {"choices": [{}]}, {"choices": [{"message": {"content": 5}}]}, None, "text"]
    + [{**openai_body(content="x"), "usage": usage} for usage in ({}, {"prompt_tokens": "many"}, 5)],
    ids=repr,
)
def test_openai_bodies_that_are_no_reply(body: Any) -> None:
    """Anything but a completion is a broken provider, never a crash or an empty answer."""
    with pytest.raises(ProviderBrokenError):
        openai_reply.decode_reply(body)


@pytest.mark.parametrize("body", [{}, [], None, {"content": [{"type": "text"}]}, {"content": [1]}, "x"], ids=repr)
def test_anthropic_bodies_that_are_no_reply(body: Any) -> None:
    """Anything but a message is a broken provider."""
    with pytest.raises(ProviderBrokenError):
        anthropic_messages_reply.decode_reply(body)


@pytest.mark.parametrize("data", [b"{", b"[]", b"7", b'{"type": 3, "choices": [7]}', b'{"choices": 5}'], ids=repr)
def test_events_that_are_no_chunks(data: bytes) -> None:
    """Nonsense in a stream of either protocol is a broken provider or says nothing; it never crashes the reader."""
    with pytest.raises(ProviderBrokenError):
        OpenAIDecoder().decode(data)


def test_errors_inside_streams_are_typed() -> None:
    """A provider that gives up in the middle of its stream may be tried again."""
    with pytest.raises(ProviderUnavailableError, match="busy"):
        OpenAIDecoder().decode(b'{"error": {"message": "busy", "code": 503}}')
    with pytest.raises(ProviderUnavailableError, match="Overloaded"):
        AnthropicDecoder().decode(b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}')


def test_the_output_limit_has_two_names() -> None:
    """OpenAI gets the new field, compatible servers the old one, and both are understood."""
    request = ModelRequest("m", ASKED, max_output_tokens=7)

    assert openai_chat.encode_request(request)["max_completion_tokens"] == 7
    body = COMPATIBLE.encode_request(request)
    assert (body["max_tokens"], "max_completion_tokens" in body) == (7, False)
    assert openai_chat.decode_request(body).max_output_tokens == 7


def test_fields_of_one_protocol_do_not_leak_into_the_other() -> None:
    """What only OpenAI knows reaches OpenAI untouched and Anthropic not at all."""
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], "logit_bias": {"5": 1}, "max_tokens": 9}

    request = openai_chat.decode_request(body)

    assert openai_chat.encode_request(request)["logit_bias"] == {"5": 1}
    assert "logit_bias" not in anthropic_messages.encode_request(request)


def test_strict_schemas_keep_their_name_and_strictness() -> None:
    """A response format goes through with all that was said about its schema."""
    described = {"name": "Refund", "strict": True, "schema": SCHEMA}
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    body["response_format"] = {"type": "json_schema", "json_schema": described}

    encoded = openai_chat.encode_request(openai_chat.decode_request(body))

    assert encoded["response_format"] == {"type": "json_schema", "json_schema": described}


def test_a_schema_beside_json_object_is_one() -> None:
    """Clients of hosts of open models send it there; a provider is asked for it in OpenAI's way."""
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}

    request = openai_chat.decode_request({**body, "response_format": {"type": "json_object", "schema": SCHEMA}})

    assert (request.output_schema, request.json_object) == (SCHEMA, False)
    assert openai_chat.encode_request(request)["response_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize(
    ("changes", "choice"),
    [
        ({}, {"type": "tool", "name": SCHEMA_TOOL}),
        ({"tools": (Tool("look"),)}, {"type": "any"}),
        ({"tools": (Tool("look"),), "tool_choice": "none"}, {"type": "tool", "name": SCHEMA_TOOL}),
        ({"tools": (Tool("look"),), "tool_choice": "look"}, {"type": "tool", "name": "look"}),
    ],
    ids=["alone", "beside tools", "tools forbidden", "a tool demanded"],
)
def test_a_schema_is_asked_for_as_a_forced_tool(changes: Any, choice: Any) -> None:
    """Anthropic is made to answer in the schema, unless a real tool may or must be called."""
    body = anthropic_messages.encode_request(ModelRequest("m", ASKED, output_schema=SCHEMA, **changes))

    assert body["tool_choice"] == choice


def test_a_structured_reply_comes_back_as_text() -> None:
    """A call of the stand-in tool is the text of the reply, whole and streamed, and no tool call."""
    block = {"type": "tool_use", "id": "t", "name": SCHEMA_TOOL, "input": {"days": 14}}
    whole = anthropic_messages_reply.decode_reply({"content": [block], "stop_reason": "tool_use", "usage": {}})
    decoder = AnthropicDecoder()
    events = [
        {"type": "content_block_start", "index": 0, "content_block": {**block, "input": {}}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": '{"days":'}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "14}"}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 3}},
    ]

    chunks = [chunk for event in events if (chunk := decoder.decode(orjson.dumps(event)))]

    assert (whole.text, whole.finish_reason, whole.tool_calls) == ('{"days":14}', "stop", ())
    assert "".join(chunk.text for chunk in chunks) == '{"days":14}'
    assert (chunks[-1].finish_reason, [c.tool_calls for c in chunks]) == ("stop", [()] * 3)


@pytest.mark.parametrize(
    "request_",
    [
        ModelRequest("m", ASKED, output_schema={"type": "array"}),
        ModelRequest("m", (Message("assistant", "", (ToolCall("1", "look", "not json"),)),)),
        ModelRequest("m", (Message("user", (Part("image", image_url="data:image/png,raw"),)),)),
    ],
    ids=["schema of a list", "arguments that are no object", "image without base64"],
)
def test_what_anthropic_cannot_say_is_refused(request_: ModelRequest) -> None:
    """A request the protocol has no words for is refused before it is sent, so that the next provider is tried."""
    with pytest.raises(ProviderRefusedError):
        anthropic_messages.encode_request(request_)


def test_anthropic_results_of_parallel_calls_share_a_turn() -> None:
    """All results of one turn's calls go back together, before what the user says next; thinking is left out."""
    calls = (ToolCall("a", "look", "{}"), ToolCall("b", "look", "{}"))
    messages = (
        Message("assistant", "", calls),
        Message("tool", "1", tool_call_id="a"),
        Message("tool", "2", tool_call_id="b"),
    )

    turns = anthropic_messages.encode_request(ModelRequest("m", messages))["messages"]

    assert [block["tool_use_id"] for block in turns[1]["content"]] == ["a", "b"]
    thought = {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, *turns[0]["content"]]}
    body = {"model": "m", "max_tokens": 5, "messages": [thought, turns[1]]}
    assert anthropic_messages.decode_request(body).messages == messages


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"input": [1, 2]}, "list of strings"),
        ({"input": ""}, "empty text"),
        ({"input": []}, "empty text"),
        ({"input": "x", "encoding_format": "int8"}, "encoding_format is 'int8'"),
        ({"input": "x", "dimensions": 0}, "dimensions is 0"),
    ],
    ids=["tokens", "empty text", "nothing", "encoding", "dimensions"],
)
def test_embedding_requests_that_are_refused(body: dict[str, Any], says: str) -> None:
    """Bad embedding requests name their field."""
    with pytest.raises(InputError, match=says):
        openai_embeddings.decode_request({"model": "m", **body})


@pytest.mark.parametrize(
    "data",
    [None, [{"index": 0, "embedding": "!"}], [{"embedding": [1.0]}], [], [{"index": 0, "embedding": [1.0]}] * 2],
    ids=["nothing", "no base64", "no index", "too few", "too many"],
)
def test_embedding_replies_that_are_none(data: Any) -> None:
    """Anything but one vector a text is a broken provider."""
    with pytest.raises(ProviderBrokenError):
        openai_embeddings.decode_reply({"data": data, "model": "m"}, 1)
