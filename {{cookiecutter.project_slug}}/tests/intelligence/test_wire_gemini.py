"""Gemini's wire format: both sides read each other, and its oddities are understood."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ProviderBrokenError, ProviderRefusedError, ProviderUnavailableError
from app.intelligence.messages import Embeddings, Message, ModelReply, ModelRequest, Part, ToolCall, Usage
from app.intelligence.wire import gemini, gemini_embeddings, gemini_reply
from app.intelligence.wire.gemini_names import in_camel_case
from app.intelligence.wire.gemini_schema import as_json_schema
from app.intelligence.wire.gemini_stream import StreamDecoder, StreamEncoder
from tests.intelligence.wire_strategies import (
    BRIEF,
    IMAGE,
    LOOSE_TOOLS,
    REPLY,
    SCHEMA,
    again,
    as_called,
    conversations,
    requests,
    reread,
    written,
)

ASKED = (Message("user", "Oslo?"),)
EXTRA = {"safetySettings": [{"category": "HARM"}], "generationConfig": {"topK": 5}}


@BRIEF
@given(
    requests(
        messages=conversations(IMAGE),
        tools=LOOSE_TOOLS,
        seed=st.none() | st.integers(0, 2**31),
        output_schema=st.none() | SCHEMA,
        tool_choice=st.sampled_from([None, "auto", "none", "required", "a_tool"]),
        extra=st.sampled_from([{}, {"gemini": EXTRA}]),
    )
)
def test_requests_round_trip(request: ModelRequest) -> None:
    """An encoded request decodes to itself, its unknown fields included."""
    body = again(gemini.encode_request(request))

    assert gemini.decode_request(body, model=request.model, stream=request.stream) == request


@BRIEF
@given(REPLY)
def test_replies_round_trip(reply: ModelReply) -> None:
    """An encoded reply decodes to itself; that tools were called is told by the calls."""
    body = again(gemini_reply.encode_reply(reply, id=reply.id, model=reply.model))

    assert gemini_reply.decode_reply(body) == as_called(reply)


@BRIEF
@given(REPLY)
def test_streams_round_trip(reply: ModelReply) -> None:
    """The chunks read from a written stream add up to the reply."""
    read = reread(written(StreamEncoder(id="i", model=reply.model), reply), StreamDecoder())

    told = as_called(reply)
    assert read == ModelReply(told.text, told.model, told.usage, told.finish_reason, told.tool_calls)


def test_embeddings_round_trip() -> None:
    """Vectors and their cost survive, and a reply without a count says so."""
    embeddings = Embeddings([[0.5, 1.0], [0.25, 2.0]], "", Usage(7))
    body = again(gemini_embeddings.encode_reply(embeddings))

    assert gemini_embeddings.decode_reply(body, 2) == embeddings
    assert gemini_embeddings.decode_request(again(gemini_embeddings.encode_request("m", ["a", "b"]))).texts == (
        "a",
        "b",
    )
    assert gemini_embeddings.decode_reply({"embeddings": body["embeddings"]}, 2).usage.estimated


def test_both_spellings_are_read_and_what_is_the_user_s_is_kept() -> None:
    """Field names may have underscores; arguments, schemas and names of properties keep theirs."""
    body = {
        "system_instruction": {"parts": [{"inline_data": {"mime_type": "image/png"}}]},
        "generation_config": {"response_json_schema": {"a_b": 1}},
        "tools": [{"function_declarations": [{"parameters": {"properties": {"a_b": {"min_items": 1}}}}]}],
        "contents": [{"parts": [{"function_call": {"args": {"a_b": 1}}}]}],
    }

    assert in_camel_case(body) == {
        "systemInstruction": {"parts": [{"inlineData": {"mimeType": "image/png"}}]},
        "generationConfig": {"responseJsonSchema": {"a_b": 1}},
        "tools": [{"functionDeclarations": [{"parameters": {"properties": {"a_b": {"minItems": 1}}}}]}],
        "contents": [{"parts": [{"functionCall": {"args": {"a_b": 1}}}]}],
    }


def test_gemini_s_own_schemas_become_json_schema() -> None:
    """Capitals, `nullable` and counts as strings are put into the words of JSON Schema, at every depth."""
    own = {
        "type": "OBJECT",
        "properties": {
            "steps": {"type": "ARRAY", "items": {"type": "STRING"}, "minItems": "1"},
            "note": {"type": "STRING", "nullable": True},
            "either": {"anyOf": [{"type": "INTEGER"}, {"type": "NUMBER"}], "nullable": True},
        },
        "required": ["steps"],
        "propertyOrdering": ["steps", "note", "either"],
    }

    assert as_json_schema(own, "s") == {
        "type": "object",
        "properties": {
            "steps": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "note": {"type": ["string", "null"]},
            "either": {"anyOf": [{"type": "integer"}, {"type": "number"}, {"type": "null"}]},
        },
        "required": ["steps"],
    }


def test_parallel_results_share_a_turn_and_calls_carry_a_signature() -> None:
    """Results of one turn's calls go back together under their tools' names; newer models want signed calls."""
    calls = (ToolCall("a", "look", '{"x":1}'), ToolCall("b", "find", "{}"))
    messages = (
        *ASKED,
        Message("assistant", "", calls),
        Message("tool", "1", tool_call_id="a"),
        Message("tool", "2", tool_call_id="b"),
    )

    contents = gemini.encode_request(ModelRequest("m", messages))["contents"]

    assert [content["role"] for content in contents] == ["user", "model", "user"]
    assert contents[1]["parts"][0]["thoughtSignature"] == "skip_thought_signature_validator"
    assert [part["functionResponse"]["name"] for part in contents[2]["parts"]] == ["look", "find"]
    assert contents[2]["parts"][0]["functionResponse"]["response"] == {"output": "1"}


def test_calls_without_ids_meet_their_results() -> None:
    """Older clients name functions only: results answer calls of their name in order, each time alike."""
    call = {"functionCall": {"name": "look", "args": {}}}
    results = [{"functionResponse": {"name": "look", "response": {"result": n}}} for n in (1, 2)]
    body = {"contents": [{"role": "model", "parts": [call, call]}, {"role": "user", "parts": results}]}

    messages = gemini.decode_request(body, model="m", stream=False).messages

    assert [made.id for made in messages[0].tool_calls] == ["call_1", "call_2"]
    assert [(said.tool_call_id, said.text) for said in messages[1:]] == [("call_1", "1"), ("call_2", "2")]


def body_of(**candidate: Any) -> dict[str, Any]:
    """A reply with this candidate."""
    return {"candidates": [candidate], "modelVersion": "m", "usageMetadata": {"promptTokenCount": 3}}


def test_thoughts_are_counted_and_left_out() -> None:
    """Thinking is output that is paid for, and no text."""
    parts = [{"text": "Hm.", "thought": True}, {"text": "14"}]
    body = body_of(content={"parts": parts}, finishReason="STOP")
    body["usageMetadata"] |= {"candidatesTokenCount": 1, "thoughtsTokenCount": 6, "cachedContentTokenCount": 2}

    reply = gemini_reply.decode_reply(body)

    assert (reply.text, reply.usage) == ("14", Usage(3, 7, 2))


def test_a_blocked_prompt_is_withheld_content() -> None:
    """No candidate and a reason for it is an empty reply with the finish reason content_filter, streamed or not."""
    body = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}}
    decoder = StreamDecoder()

    assert gemini_reply.decode_reply(body).finish_reason == "content_filter"
    chunk = decoder.decode(orjson.dumps(body))
    assert chunk is not None
    assert (chunk.finish_reason, decoder.finished) == ("content_filter", True)


def test_calls_of_a_reply_without_ids_get_ids_of_their_own() -> None:
    """Two replies never give the same id."""
    body = body_of(content={"parts": [{"functionCall": {"name": "look"}}]}, finishReason="STOP")

    first, second = (gemini_reply.decode_reply(body).tool_calls[0] for _ in range(2))

    assert first.id != second.id
    assert first.arguments == "{}"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        None,
        "text",
        {"candidates": [{}]},
        body_of(content={"parts": [{"text": 5}]}, finishReason="STOP"),
        body_of(content={"parts": [{"functionCall": 5}]}, finishReason="STOP"),
        body_of(finishReason="MALFORMED_FUNCTION_CALL"),
        {**body_of(finishReason="STOP"), "usageMetadata": 5},
    ],
    ids=repr,
)
def test_bodies_that_are_no_reply(body: Any) -> None:
    """Anything but a finished candidate is a broken provider, never a crash or an empty answer."""
    with pytest.raises(ProviderBrokenError):
        gemini_reply.decode_reply(body)


@pytest.mark.parametrize("data", [b"{", b"[]", b"7", b'{"candidates": [7]}', b'{"candidates": 5}'], ids=repr)
def test_events_that_are_no_chunks(data: bytes) -> None:
    """Nonsense in a stream is a broken provider."""
    with pytest.raises(ProviderBrokenError):
        StreamDecoder().decode(data)


def test_errors_inside_streams_are_typed() -> None:
    """A provider that gives up in the middle of its stream may be tried again."""
    with pytest.raises(ProviderUnavailableError, match="busy"):
        StreamDecoder().decode(b'{"error": {"message": "busy", "code": 503, "status": "UNAVAILABLE"}}')


PICTURE = Part("image", image_url="https://x.org/a.png")


@pytest.mark.parametrize(
    "messages",
    [
        (Message("assistant", "", (ToolCall("1", "look", "not json"),)),),
        (Message("tool", "4", tool_call_id="gone"),),
        (Message("assistant", "", (ToolCall("1", "look", "{}"),)), Message("tool", (PICTURE,), tool_call_id="1")),
        (Message("user", (Part("image", image_url="data:image/png,raw"),)),),
    ],
    ids=["arguments that are no object", "result without call", "picture in a result", "image without base64"],
)
def test_what_gemini_cannot_say_is_refused(messages: tuple[Message, ...]) -> None:
    """A request the protocol has no words for is refused before it is sent, so that the next provider is tried."""
    with pytest.raises(ProviderRefusedError):
        gemini.encode_request(ModelRequest("m", messages))


@pytest.mark.parametrize("role", ["user", "function", "tool"])
def test_results_come_under_any_of_google_s_roles(role: str) -> None:
    """Google's own examples send the results of functions as `tool`, older ones as `function`."""
    call = {"functionCall": {"name": "weather", "args": {}}}
    result = {"functionResponse": {"name": "weather", "response": {"result": "4 degrees"}}}
    contents = [{"role": "model", "parts": [call]}, {"role": role, "parts": [result]}]
    told = gemini.decode_request({"contents": contents}, model="m", stream=False).messages[-1]
    assert (told.role, told.text) == ("tool", "4 degrees")
