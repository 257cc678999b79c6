"""OpenAI's retired `functions` at the chat door, by OpenAI's own SDK."""

from __future__ import annotations

from typing import Any

import pytest

from app.intelligence.messages import Chunk, ToolCall, ToolCallDelta
from tests.interface.served_doors import Served, a_reply

WEATHER = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
CALL = ToolCall("call_9", "weather", '{"city":"Oslo"}')


@pytest.mark.feature("I1")
def test_retired_functions_go_round(doors: Served) -> None:
    """Functions are offered as tools, the call is told as `function_call`, and its result finds it by its place."""
    client: Any = doors.openai()
    doors.gateway.reply = a_reply("", tool_calls=(CALL,), finish_reason="tool_calls")
    asked = {"role": "user", "content": "Oslo?"}

    choice = client.chat.completions.create(
        model="gpt-4.1", messages=[asked], functions=[WEATHER], function_call={"name": "weather"}
    ).choices[0]
    result = {"role": "function", "name": "weather", "content": "4 degrees"}
    client.chat.completions.create(model="gpt-4.1", messages=[asked, choice.message, result], functions=[WEATHER])

    assert (choice.finish_reason, choice.message.tool_calls) == ("function_call", None)
    assert (choice.message.function_call.name, choice.message.function_call.arguments) == ("weather", '{"city":"Oslo"}')
    first, second = doors.gateway.requests
    assert ([tool.name for tool in first.tools], first.tool_choice) == (["weather"], "weather")
    assert first.extra["openai"] == {"parallel_tool_calls": False}
    made, answered = second.messages[1:]
    assert made.tool_calls[0].arguments == '{"city":"Oslo"}'
    assert (answered.role, answered.tool_call_id, answered.text) == ("tool", made.tool_calls[0].id, "4 degrees")


def test_a_streamed_call_is_told_in_the_retired_way(doors: Served) -> None:
    """The pieces of the one call that the retired way knows."""
    doors.gateway.chunks = [
        Chunk(tool_calls=(ToolCallDelta(0, "a", "weather"),)),
        Chunk(tool_calls=(ToolCallDelta(0, arguments='{"city":"Oslo"}'), ToolCallDelta(1, "b", "weather", "{}"))),
    ]
    doors.gateway.reply = a_reply("", tool_calls=(CALL,), finish_reason="tool_calls")
    client: Any = doors.openai()

    stream = list(
        client.chat.completions.create(
            model="gpt-4.1", messages=[{"role": "user", "content": "Oslo?"}], functions=[WEATHER], stream=True
        )
    )

    told = [chunk.choices[0].delta.function_call for chunk in stream if chunk.choices[0].delta.function_call]
    assert [call.name for call in told if call.name] == ["weather"]
    assert "".join(call.arguments for call in told) == '{"city":"Oslo"}'
    assert stream[-1].choices[0].finish_reason == "function_call"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"functions": [WEATHER], "tools": [{"type": "function", "function": WEATHER}]}, "are both sent"),
        ({"function_call": "auto"}, "function_call is sent without functions"),
        ({"functions": [WEATHER], "function_call": "weather"}, "function_call is 'weather'"),
        ({"functions": [WEATHER], "function_call": {}}, "function_call.name is missing"),
        ({"functions": [7]}, "functions[0] is 7"),
        ({"messages": [{"role": "function", "name": "weather", "content": "4"}]}, "no call stands before it"),
    ],
)
def test_what_the_retired_way_cannot_mean_is_refused(doors: Served, changes: dict[str, Any], says: str) -> None:
    """With the field that is wrong."""
    import openai

    client: Any = doors.openai()
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "x"}], **changes}

    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(**body)

    assert says in str(refused.value)
