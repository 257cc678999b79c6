"""Google's Interactions, as Google's own SDK sees them."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from google.genai._interactions import APIStatusError

from app.errors import CallFailedError, RateLimitedError
from app.intelligence.messages import Chunk, ToolCall, ToolCallDelta
from tests.interface.served_doors import KEY, Served, a_reply

pytestmark = pytest.mark.slow

MODEL = "gemini-of-the-test"
SCHEMA = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: Any = [{"type": "function", "name": "weather", "description": "Now.", "parameters": WEATHER}]
OSLO = ToolCall("call_7", "weather", '{"city":"Oslo"}')
PNG = "iVBORw0KGgo="


def create(doors: Served, **asked: Any) -> Any:
    """One interaction by the SDK."""
    return doors.gemini().interactions.create(model=MODEL, **asked)


@pytest.mark.feature("I1")
def test_a_reply_reads_like_an_interaction(doors: Served) -> None:
    """The text stands in the last step and in `output_text`; status and usage are told; the settings arrive."""
    reply = create(
        doors,
        input="How long?",
        system_instruction="Be short.",
        generation_config={
            "max_output_tokens": 9,
            "temperature": 0.5,
            "top_p": 0.75,
            "seed": 7,
            "stop_sequences": ["E"],
        },
    )

    assert reply.steps[-1].content[0].text == "Fourteen days."
    assert (reply.output_text, reply.status, reply.model) == ("Fourteen days.", "completed", MODEL)
    usage = reply.usage
    assert (usage.total_input_tokens, usage.total_output_tokens, usage.total_cached_tokens) == (20, 5, 8)
    assert (usage.total_tokens, usage.input_tokens_by_modality[0].tokens) == (25, 20)
    asked = doors.gateway.requests[0]
    assert [(m.role, m.text) for m in asked.messages] == [("system", "Be short."), ("user", "How long?")]
    assert (asked.max_output_tokens, asked.temperature, asked.top_p, asked.seed, asked.stop) == (
        9,
        0.5,
        0.75,
        7,
        ("E",),
    )


@pytest.mark.feature("I1")
@pytest.mark.feature("G10")
def test_a_stream_reads_like_interactions(doors: Served) -> None:
    """The interaction opens, its step comes in pieces, and the last event holds status and usage."""
    doors.gateway.chunks = [Chunk("Fourteen\u2028"), Chunk("days.")]

    events = list(create(doors, input="How long?", stream=True))

    assert [event.event_type for event in events] == [
        "interaction.created",
        "step.start",
        "step.delta",
        "step.delta",
        "step.stop",
        "interaction.completed",
    ]
    assert events[1].step.type == "model_output"
    assert [event.delta.text for event in events[2:4]] == ["Fourteen\u2028", "days."]
    assert (events[-1].interaction.status, events[-1].interaction.usage.total_tokens) == ("completed", 25)
    assert events[0].interaction.id == events[-1].interaction.id


@pytest.mark.feature("I1")
def test_tools_go_round(doors: Served) -> None:
    """A call is a step; the conversation is sent again as its steps, and call and result find each other."""
    doors.gateway.reply = a_reply("I will look.", tool_calls=(OSLO,), finish_reason="tool_calls")

    first = create(doors, input="How warm?", tools=TOOLS, generation_config={"tool_choice": "any"})
    call = first.steps[-1]
    said = [step.model_dump(exclude_none=True) for step in first.steps]
    asked = {"type": "user_input", "content": [{"type": "text", "text": "How warm?"}]}
    result = {"type": "function_result", "call_id": call.id, "name": call.name, "result": {"degrees": 4}}
    create(doors, input=[asked, *said, result], tools=TOOLS)

    assert (first.status, call.type, call.name, call.arguments) == (
        "requires_action",
        "function_call",
        "weather",
        {"city": "Oslo"},
    )
    wanted, sent = doors.gateway.requests
    assert (wanted.tool_choice, wanted.tools[0].description, wanted.tools[0].parameters) == (
        "required",
        "Now.",
        WEATHER,
    )
    assert [m.role for m in sent.messages] == ["user", "assistant", "tool"]
    assert (sent.messages[1].text, sent.messages[1].tool_calls) == ("I will look.", (OSLO,))
    assert (sent.messages[2].tool_call_id, sent.messages[2].text) == ("call_7", '{"degrees":4}')


@pytest.mark.feature("I1")
def test_streamed_calls_come_in_fragments(doors: Served) -> None:
    """Two calls after some text: each is opened, filled and closed before the next."""
    doors.gateway.chunks = [
        Chunk("Let me look."),
        Chunk(tool_calls=(ToolCallDelta(0, "a", "weather", '{"city":'), ToolCallDelta(0, arguments='"Oslo"}'))),
        Chunk(tool_calls=(ToolCallDelta(1, "b", "weather", '{"city":"Rome"}'),)),
    ]
    doors.gateway.reply = a_reply("Let me look.", tool_calls=(OSLO,), finish_reason="tool_calls")

    calls: dict[int, list[str]] = {}
    events = list(create(doors, input="How warm?", tools=TOOLS, stream=True))
    for event in events:
        if event.event_type == "step.start" and event.step.type == "function_call":
            calls[event.index] = [event.step.id, event.step.name, ""]
        elif event.event_type == "step.delta" and event.delta.type == "arguments_delta":
            calls[event.index][2] += event.delta.arguments

    assert calls == {1: ["a", "weather", '{"city":"Oslo"}'], 2: ["b", "weather", '{"city":"Rome"}']}
    assert sum(event.event_type == "step.stop" for event in events) == 3
    assert events[-1].interaction.status == "requires_action"


@pytest.mark.feature("I1")
@pytest.mark.parametrize(
    ("wanted", "schema", "json_object"),
    [
        ({"type": "text", "mime_type": "application/json", "schema": SCHEMA}, SCHEMA, False),
        ({"type": "text", "mime_type": "application/json"}, None, True),
        (SCHEMA, SCHEMA, False),
    ],
    ids=["schema", "any JSON", "bare schema"],
)
def test_schemas_and_images_arrive(doors: Served, wanted: Any, schema: Any, json_object: bool) -> None:
    """In each form that the SDK lets through; a picture is inline or an address."""
    pictures = [
        {"type": "image", "data": PNG, "mime_type": "image/png"},
        {"type": "image", "uri": "https://x.org/a.png"},
    ]

    create(doors, input=[{"type": "text", "text": "What is this?"}, *pictures], response_format=wanted)

    asked = doors.gateway.requests[0]
    assert (asked.output_schema, asked.json_object) == (schema, json_object)
    urls = [getattr(part, "image_url", "") for part in asked.messages[0].content]
    assert urls == ["", f"data:image/png;base64,{PNG}", "https://x.org/a.png"]


@pytest.mark.feature("G7")
def test_a_final_error_is_not_tried_again(doors: Served) -> None:
    """The SDK, which tries every 5xx again, makes one call and raises its own error with our words."""
    doors.gateway.error = CallFailedError("no model answered")

    with pytest.raises(APIStatusError, match="no model answered"):
        create(doors, input="How long?")

    assert doors.gateway.calls == 1


@pytest.mark.feature("G8")
def test_a_full_house_is_told_by_its_status(doors: Served) -> None:
    """The SDK tries that again by itself, so one plain request is looked at."""
    doors.gateway.error = RateLimitedError("too many calls", retry_after_s=2)

    answer = posted(doors, {"model": MODEL, "input": "How long?"})

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert answer.json()["error"]["code"] == "RESOURCE_EXHAUSTED"


@pytest.mark.feature("I1")
def test_an_error_in_mid_stream_is_told_at_the_end(doors: Served) -> None:
    """As an event of its own; the open step is closed before."""
    doors.gateway.chunks = [Chunk("Four"), CallFailedError("the provider broke off its stream")]

    events = list(create(doors, input="How long?", stream=True))

    assert [event.event_type for event in events[-2:]] == ["step.stop", "error"]
    assert events[-1].error.message == "the provider broke off its stream"


def posted(doors: Served, body: Any) -> httpx2.Response:
    """One plain request."""
    return httpx2.post(f"{doors.url}/v1beta/interactions", json=body, headers={"x-goog-api-key": KEY})


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"input": []}, "input is empty"),
        ({"input": [{"type": "audio"}]}, "input[0].type is 'audio'"),
        ({"input": [{"type": "google_search_call"}]}, "input[0].type is 'google_search_call'"),
        ({"previous_interaction_id": "v1_x"}, "previous_interaction_id is kept by another provider"),
        ({"agent": "deep-research"}, "agent is not served here: name a model"),
        ({"background": True}, "background is not served here"),
        ({"tools": [{"type": "google_search"}]}, "tools[0].type is 'google_search'"),
        ({"response_format": {"type": "image"}}, "response_format.type is 'image'"),
        ({"response_modalities": ["audio"]}, "response_modalities are ['audio']"),
        ({"generation_config": {"tool_choice": "some"}}, "generation_config.tool_choice is 'some'"),
        ({"generation_config": {"max_output_tokens": 0}}, "max_output_tokens is 0"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_bad_bodies_are_refused_with_the_place(doors: Served, changes: dict[str, Any], says: str) -> None:
    """What cannot be meant or kept is refused in Google's shape, naming the field."""
    answer = posted(doors, {"model": MODEL, "input": "How long?", **changes})

    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]
    assert answer.json()["error"]["code"] == "INVALID_ARGUMENT"
