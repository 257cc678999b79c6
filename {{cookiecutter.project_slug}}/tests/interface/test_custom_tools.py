"""OpenAI's custom tools at chat and at Responses, by OpenAI's own SDK, and what a provider of its own is sent."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest

from app.intelligence.messages import Chunk, Message, ModelRequest, ToolCall, ToolCallDelta
from app.intelligence.providers.offline import OfflineProvider
from app.intelligence.providers.provider import Timeouts
from app.intelligence.wire import (
    anthropic_messages,
    openai_chat,
    openai_chat_reply,
    openai_chat_stream,
    openai_custom,
    openai_responses,
    openai_responses_reply,
    openai_responses_stream,
)
from tests.interface.served_doors import Served, a_reply

SUM = r"\d+ [+*] \d+"
GRAMMAR = {"syntax": "regex", "definition": SUM}
CHAT_TOOL: Any = {
    "type": "custom",
    "custom": {"name": "calc", "description": "Does sums.", "format": {"type": "grammar", "grammar": GRAMMAR}},
}
TOOL: Any = {
    "type": "custom",
    "name": "calc",
    "description": "Does sums.",
    "format": {"type": "grammar", **GRAMMAR},
}
TEXT = 'print("7 + 8")'
CALL = ToolCall("call_9", "calc", openai_custom.arguments_of(TEXT))
CALLED = a_reply("", tool_calls=(CALL,), finish_reason="tool_calls")
CHUNKS = (
    Chunk(tool_calls=(ToolCallDelta(0, "call_9", "calc"),)),
    Chunk(tool_calls=(ToolCallDelta(0, arguments=CALL.arguments[:15]),)),
    Chunk(tool_calls=(ToolCallDelta(0, arguments=CALL.arguments[15:]),)),
)
ASKED: Any = {"role": "user", "content": "How much is 7 + 8?"}


@pytest.mark.feature("I1")
def test_a_custom_tool_goes_round_at_chat(doors: Served) -> None:
    """It is called with a text; the call and its result are sent back and reach a provider of OpenAI's as they were."""
    doors.gateway.reply = CALLED
    client: Any = doors.openai()

    message = client.chat.completions.create(
        model="m", messages=[ASKED], tools=[CHAT_TOOL], tool_choice={"type": "custom", "custom": {"name": "calc"}}
    ).choices[0].message  # fmt: skip
    result = {"role": "tool", "tool_call_id": "call_9", "content": "15"}
    client.chat.completions.create(model="m", messages=[ASKED, message, result], tools=[CHAT_TOOL])

    call = message.tool_calls[0]
    assert (call.type, call.custom.name, call.custom.input) == ("custom", "calc", TEXT)
    first, second = doors.gateway.requests
    assert first.tool_choice == "calc"
    sent = openai_chat.encode_request(first)
    assert (sent["tools"], sent["tool_choice"]) == ([CHAT_TOOL], {"type": "custom", "custom": {"name": "calc"}})
    assert openai_chat.encode_request(second)["messages"][1]["tool_calls"] == [
        {"id": "call_9", "type": "custom", "custom": {"name": "calc", "input": TEXT}}
    ]


@pytest.mark.feature("I1")
def test_a_custom_tool_goes_round_at_responses(doors: Served) -> None:
    """As an item of its own kind, whole and streamed, with its events; its output finds it."""
    doors.gateway.reply, doors.gateway.chunks = CALLED, list(CHUNKS)
    client: Any = doors.openai()

    whole = client.responses.create(model="m", input="7 + 8?", tools=[TOOL])
    events = list(client.responses.create(model="m", input="7 + 8?", tools=[TOOL], stream=True))
    output = {"type": "custom_tool_call_output", "call_id": "call_9", "output": "15"}
    client.responses.create(model="m", input=[ASKED, *whole.output, output], tools=[TOOL])

    item = whole.output[0]
    assert (item.type, item.call_id, item.name, item.input) == ("custom_tool_call", "call_9", "calc", TEXT)
    told = {event.type: event for event in events}
    assert told["response.custom_tool_call_input.delta"].delta == TEXT
    assert told["response.custom_tool_call_input.done"].input == TEXT
    assert told["response.output_item.done"].item.input == events[-1].response.output[0].input == TEXT
    sent = openai_responses.encode_request(doors.gateway.requests[-1])
    assert sent["tools"] == [TOOL]
    assert [item["type"] for item in sent["input"]] == ["message", "custom_tool_call", "custom_tool_call_output"]


def test_a_streamed_call_at_chat_holds_its_text(doors: Served) -> None:
    """The pieces of the text, as the SDK hands them on."""
    doors.gateway.reply, doors.gateway.chunks = CALLED, list(CHUNKS)
    client: Any = doors.openai()

    stream = list(client.chat.completions.create(model="m", messages=[ASKED], tools=[CHAT_TOOL], stream=True))

    calls = [call for chunk in stream for call in chunk.choices[0].delta.tool_calls or ()]
    assert (calls[0].id, calls[0].type, calls[0].custom["name"]) == ("call_9", "custom", "calc")
    assert "".join(call.custom["input"] for call in calls) == TEXT
    assert stream[-1].choices[0].finish_reason == "tool_calls"


def test_a_provider_s_custom_calls_are_read() -> None:
    """Whole and streamed, in both of OpenAI's protocols, as arguments that are JSON."""
    chat = openai_chat_reply.encode_reply(_model_reply(), id="1", model="m", created=1, custom={"calc"})
    own = openai_responses_reply.encode_reply(_model_reply(), id="1", model="m", created=1, asked={"tools": [TOOL]})
    assert openai_chat_reply.decode_reply(chat).tool_calls == (CALL,)
    assert openai_responses_reply.decode_reply(own).tool_calls == (CALL,)

    for encoder, decoder in (
        (
            openai_chat_stream.StreamEncoder(id="1", model="m", created=1, custom={"calc"}),
            openai_chat_stream.StreamDecoder(),
        ),
        (
            openai_responses_stream.StreamEncoder(id="1", model="m", created=1, asked={"tools": [TOOL]}),
            openai_responses_stream.StreamDecoder(),
        ),
    ):
        frames = b"".join(encoder.chunk(chunk) for chunk in CHUNKS) + encoder.end(_model_reply())
        data = [line.removeprefix(b"data: ") for line in frames.split(b"\n") if line.startswith(b"data: ")]
        deltas = [d for chunk in map(decoder.decode, data) if chunk is not None for d in chunk.tool_calls]
        assert (deltas[0].id, deltas[0].name) == ("call_9", "calc")
        assert "".join(delta.arguments for delta in deltas) == CALL.arguments


def test_other_providers_are_offered_a_function_of_one_text() -> None:
    """With the grammar in its description, for nothing there holds a reply to one."""
    asked = openai_chat.decode_request({"model": "m", "messages": [ASKED], "tools": [CHAT_TOOL]})

    (tool,) = anthropic_messages.encode_request(asked)["tools"]

    assert tool["input_schema"]["required"] == ["input"]
    assert SUM in tool["input_schema"]["properties"]["input"]["description"]


@pytest.mark.parametrize(
    ("tool", "says"),
    [
        ({"custom": {}}, "tools[0].custom.name is missing"),
        ({"custom": {"name": "a", "format": {"type": "xml"}}}, "tools[0].custom.format.type is 'xml'"),
        (
            {"custom": {"name": "a", "format": {"type": "grammar", "grammar": {"syntax": "bnf", "definition": "x"}}}},
            "tools[0].custom.format.grammar.syntax is 'bnf': use lark or regex",
        ),
    ],
)
def test_what_no_custom_tool_can_be_is_refused(doors: Served, tool: dict[str, Any], says: str) -> None:
    """With the field that is wrong."""
    import openai

    client: Any = doors.openai()
    with pytest.raises(openai.APIStatusError) as refused:
        client.chat.completions.create(model="m", messages=[ASKED], tools=[{"type": "custom", **tool}])

    assert says in str(refused.value)


def test_of_several_tools_some_may_be_allowed(doors: Served) -> None:
    """`allowed_tools` leaves those it lists, at chat and at Responses; one that is not there is an error."""
    import openai

    client: Any = doors.openai()
    weather = {"type": "function", "function": {"name": "weather", "parameters": {}}}
    allowed = {"mode": "required", "tools": [{"type": "custom", "custom": {"name": "calc"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    client.chat.completions.create(model="m", messages=[ASKED], tools=[weather, CHAT_TOOL], tool_choice=choice)
    choice = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "custom", "name": "calc"}]}
    own = {"type": "function", "name": "weather", "parameters": {}}
    client.responses.create(model="m", input="x", tools=[own, TOOL], tool_choice=choice)

    found = [([tool.name for tool in each.tools], each.tool_choice) for each in doors.gateway.requests]
    assert found == [(["calc"], "required"), (["calc"], "auto")]
    with pytest.raises(openai.APIStatusError, match=r"tool_choice\.tools has 'calc': no tool of the request"):
        client.responses.create(model="m", input="x", tools=[own], tool_choice=choice)


@pytest.mark.parametrize(
    ("question", "pattern"),
    [
        ("How much is 7 + 8?", SUM),
        ("How much is it?", SUM),
        ("Turn it off.", r"(?:on|off)"),
        ("Call it.", r"[A-Z]{2}-\d{3}(?:\.[a-f]+)?"),
        ("Go.", r"(?P<verb>move|stop) (?:north|south)\s*!?"),
    ],
)
async def test_the_stand_in_s_text_fits_a_regular_expression(question: str, pattern: str) -> None:
    """Taken from the question where it holds one, else the plainest that fits."""
    made = openai_custom.decode_custom_tool({"name": "calc", "format": {**TOOL["format"], "definition": pattern}}, "")
    asked = ModelRequest("m", (Message("user", question),), tools=(made,), tool_choice="calc")

    reply = await OfflineProvider().complete(asked, Timeouts(1, 1, 1))

    text = openai_custom.input_of(reply.tool_calls[0].arguments)
    assert re.fullmatch(pattern, text)
    assert text in question or "7" not in question


async def test_the_stand_in_knows_no_other_grammar() -> None:
    """It says the question's words then, and takes no time over an expression written to take for ever."""
    lark = {"type": "grammar", "syntax": "lark", "definition": 'start: "a" "b"+'}
    endless = {"type": "grammar", "syntax": "regex", "definition": "(?:(a+)+)+b"}
    for format in (lark, endless, {"type": "grammar", "syntax": "regex", "definition": "("}):
        made = openai_custom.decode_custom_tool({"name": "calc", "format": format}, "")
        asked = ModelRequest("m", (Message("user", "a" * 60),), tools=(made,), tool_choice="calc")
        reply = await OfflineProvider().complete(asked, Timeouts(1, 1, 1))
        assert "a" in openai_custom.input_of(reply.tool_calls[0].arguments)


def test_a_text_survives_its_arguments() -> None:
    """Whatever characters it holds, and in whatever pieces it came."""
    text = 'a "quote"\nand \\ a line, é'
    pieces = openai_custom.InputPieces()
    joined = "".join(pieces.piece(0, piece) for piece in (text[:4], text[4:])) + "".join(e for _, e in pieces.ends())
    assert orjson.loads(joined) == {"input": text}
    assert openai_custom.input_of(openai_custom.arguments_of(text)) == text
    assert openai_custom.input_of("no JSON") == "no JSON"


def _model_reply() -> Any:
    from app.interface.event_stream import as_model_reply

    return as_model_reply(CALLED)
