"""OpenAI's Responses as OpenAI's own SDK sees them."""

from __future__ import annotations

from typing import Any

import httpx2
import openai
import pytest
from pydantic import BaseModel

from app.errors import BudgetExceededError, CallFailedError
from app.intelligence.messages import Chunk, ToolCall, ToolCallDelta
from tests.interface.served_doors import KEY, Served, a_reply

MODEL = "gpt-5.4"
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: Any = [{"type": "function", "name": "weather", "parameters": WEATHER, "strict": True}]
OSLO = ToolCall("call_7", "weather", '{"city":"Oslo"}')


class Refund(BaseModel):
    """What the structured tests ask for."""

    days: int


@pytest.mark.feature("I1")
def test_a_reply_reads_like_openai(doors: Served) -> None:
    """Text, status, the model's name, usage with cached tokens, and what the request said, once more."""
    raw = doors.openai().responses.with_raw_response.create(
        model=MODEL, instructions="Be short.", input="How long?", max_output_tokens=9, metadata={"a": "b"}
    )
    reply = raw.parse()

    assert (reply.output_text, reply.status, reply.model) == ("Fourteen days.", "completed", MODEL)
    assert reply.usage is not None
    assert (reply.usage.total_tokens, reply.usage.input_tokens_details.cached_tokens) == (25, 8)
    assert (reply.instructions, reply.max_output_tokens, reply.metadata) == ("Be short.", 9, {"a": "b"})
    assert (raw.headers["x-call-id"], reply.id) == ("call-1", "resp_call-1")
    asked = doors.gateway.requests[0]
    assert [(m.role, m.text) for m in asked.messages] == [("system", "Be short."), ("user", "How long?")]
    assert (asked.model, asked.max_output_tokens, asked.stream) == ("large", 9, False)


@pytest.mark.feature("I1")
@pytest.mark.feature("G10")
def test_a_stream_adds_up_in_the_sdk(doors: Served) -> None:
    """The SDK's own accumulator reads every event and ends with the whole reply."""
    doors.gateway.chunks = [Chunk("Fourteen "), Chunk("days.")]

    with doors.openai().responses.stream(model=MODEL, input="How long?") as stream:
        events = list(stream)
        final = stream.get_final_response()

    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == "Fourteen days."
    assert [event.snapshot for event in events if event.type == "response.output_text.delta"][-1] == "Fourteen days."
    assert [event.sequence_number for event in events] == list(range(len(events)))  # type: ignore[union-attr]
    assert [event.type for event in events[-4:]] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert (final.output_text, final.usage.total_tokens) == ("Fourteen days.", 25)  # type: ignore[union-attr]


@pytest.mark.feature("I1")
def test_tools_go_round(doors: Served) -> None:
    """A call is an item of the output; the output can be sent again as it is, with the result behind it."""
    doors.gateway.reply = a_reply("Let me look.", tool_calls=(OSLO,), finish_reason="tool_calls")
    client = doors.openai()

    reply = client.responses.create(model=MODEL, input="Oslo?", tools=TOOLS, tool_choice="required")
    result = {"type": "function_call_output", "call_id": "call_7", "output": "4 degrees"}
    sent: Any = [{"role": "user", "content": "Oslo?"}, *reply.output, result]
    client.responses.create(model=MODEL, input=sent, tools=TOOLS, tool_choice={"type": "function", "name": "weather"})

    call = reply.output[1]
    assert call.type == "function_call"
    assert (call.name, call.arguments, call.call_id) == ("weather", '{"city":"Oslo"}', "call_7")
    first, second = doors.gateway.requests
    assert (first.tool_choice, first.tools[0].strict, first.tools[0].parameters) == ("required", True, WEATHER)
    assert second.tool_choice == "weather"
    assert (second.messages[1].text, second.messages[1].tool_calls) == ("Let me look.", (OSLO,))
    assert (second.messages[2].role, second.messages[2].text) == ("tool", "4 degrees")


@pytest.mark.feature("I1")
def test_streamed_calls_are_assembled_by_the_sdk(doors: Served) -> None:
    """Text and two calls in fragments become three items in the SDK's own accumulator."""
    rome = ToolCall("call_8", "weather", '{"city":"Rome"}')
    doors.gateway.chunks = [
        Chunk("Let me look."),
        Chunk(tool_calls=(ToolCallDelta(0, "call_7", "weather"),)),
        Chunk(tool_calls=(ToolCallDelta(0, arguments='{"city":'), ToolCallDelta(0, arguments='"Oslo"}'))),
        Chunk(tool_calls=(ToolCallDelta(1, "call_8", "weather", '{"city":"Rome"}'),)),
    ]
    doors.gateway.reply = a_reply("Let me look.", tool_calls=(OSLO, rome), finish_reason="tool_calls")

    with doors.openai().responses.stream(model=MODEL, input="Oslo and Rome?", tools=TOOLS) as stream:
        events = list(stream)
        final = stream.get_final_response()

    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert [item.type for item in done] == ["message", "function_call", "function_call"]
    assert [getattr(item, "arguments", "") for item in done] == ["", OSLO.arguments, rome.arguments]
    assert [item.id for item in done] == [item.id for item in final.output]


@pytest.mark.feature("I1")
def test_parse_gives_the_model_back(doors: Served) -> None:
    """`parse` sends its schema through and reads the text as the Pydantic model."""
    doors.gateway.reply = a_reply('{"days": 14}')

    parsed = doors.openai().responses.parse(model=MODEL, input="How many days?", text_format=Refund)

    assert parsed.output_parsed == Refund(days=14)
    asked = doors.gateway.requests[0]
    assert asked.output_schema is not None
    assert asked.output_schema["required"] == ["days"]
    assert asked.extra["responses"]["text"]["format"] == {"name": "Refund", "strict": True}


@pytest.mark.feature("I1")
def test_images_arrive(doors: Served) -> None:
    """Pictures reach the gateway as URLs."""
    content = [
        {"type": "input_text", "text": "What is this?"},
        {"type": "input_image", "image_url": "https://x.org/a.png", "detail": "low"},
    ]

    doors.openai().responses.create(model=MODEL, input=[{"role": "user", "content": content}])  # type: ignore[list-item]

    parts = doors.gateway.requests[0].messages[0].content
    assert getattr(parts[1], "image_url", "") == "https://x.org/a.png"


@pytest.mark.feature("I1")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_reply_cut_at_its_limit_is_incomplete(doors: Served, stream: bool) -> None:
    """The status says so, and the details why."""
    doors.gateway.reply = a_reply(finish_reason="length")

    told: Any = doors.openai().responses.create(model=MODEL, input="How long?", stream=stream)
    reply = list(told)[-1].response if stream else told

    assert (reply.status, reply.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert "prompt_cache_diagnostics" in reply.model_fields_set | set(reply.model_extra or {})


@pytest.mark.feature("G1")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_what_retrying_cannot_mend_is_tried_once(doors: Served, stream: bool) -> None:
    """A stock SDK raises its typed error with our message after exactly one request."""
    doors.gateway.error = BudgetExceededError("budget of acme is used up")

    with pytest.raises(openai.APIStatusError, match="used up") as caught:
        list(doors.openai().responses.create(model=MODEL, input="How long?", stream=stream))

    assert (caught.value.status_code, doors.gateway.calls) == (402, 1)


@pytest.mark.feature("I1")
def test_an_error_in_mid_stream_reaches_the_sdk(doors: Served) -> None:
    """What fails after the first chunk is raised as an error, not taken for a short reply."""
    doors.gateway.chunks = [Chunk("Four"), CallFailedError("the provider broke off its stream")]

    with pytest.raises(openai.APIError, match="broke off"):
        list(doors.openai().responses.create(model=MODEL, input="How long?", stream=True))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"input": None}, "input is missing"),
        ({"input": []}, "input is empty"),
        ({"input": [{"role": "wizard", "content": "x"}]}, "input[0].role is 'wizard'"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, "input[0].type is 'item_reference'"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "content[0].type is 'input_file'"),
        ({"previous_response_id": "resp_1"}, "previous_response_id is kept by another provider"),
        ({"conversation": "conv_1"}, "conversation is kept by another provider"),
        ({"background": True}, "background is not served"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type is 'web_search'"),
        ({"text": {"format": {"type": "grammar"}}}, "text.format.type is 'grammar'"),
        ({"max_output_tokens": 0}, "max_output_tokens is 0"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_bad_bodies_are_refused_with_the_place(doors: Served, changes: dict[str, Any], says: str) -> None:
    """A body that cannot be meant is refused in OpenAI's shape, naming the field."""
    body = {"model": MODEL, "input": "x", **changes}

    answer = httpx2.post(f"{doors.url}/v1/responses", json=body, headers={"authorization": f"Bearer {KEY}"})

    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


def test_a_reasoning_model_s_output_begins_with_its_reasoning(doors: Served) -> None:
    """As OpenAI's does, also where nothing of it is told: what follows stands where a client looks for it."""
    client = doors.openai()
    doors.gateway.reply = a_reply("", tool_calls=(ToolCall("call_7", "weather", "{}"),), finish_reason="tool_calls")

    output = client.responses.create(model="gpt-5", input="Oslo?").output
    plain = client.responses.create(model="gpt-5", input="Oslo?", reasoning={"effort": "none"}).output
    again: Any = [*output, {"type": "function_call_output", "call_id": "call_7", "output": "4 degrees"}]
    client.responses.create(model="gpt-5", input=again)

    assert [item.type for item in output] == ["reasoning", "function_call"]
    assert [item.type for item in plain] == ["function_call"]
    assert [message.role for message in doors.gateway.requests[-1].messages] == ["assistant", "tool"]
