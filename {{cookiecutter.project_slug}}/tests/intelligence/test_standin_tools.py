"""When the stand-in calls a tool, which one, and that it stops."""

from __future__ import annotations

from typing import Any

import pytest

from app.intelligence.messages import Message, ModelReply, ModelRequest, Tool, ToolCall
from app.intelligence.providers.offline import OfflineProvider
from app.intelligence.providers.provider import Timeouts
from app.intelligence.tools.untrusted import marked


def tool(name: str, description: str = "", **properties: str) -> Tool:
    parts = {key: {"type": kind} for key, kind in properties.items()}
    return Tool(name, description, {"type": "object", "properties": parts, "required": list(parts)})


WEATHER = tool("get_weather", "The weather of a city", city="string")
SUMS = tool("calculator", "Does arithmetic", expression="string")
SEARCH = tool("web_search", "A search engine optimised for accurate and trusted results", query="string")
HAND_IN = tool("final_result", "The final response which ends this conversation", summary="string")


async def reply(*messages: Message, tools: tuple[Tool, ...], **more: Any) -> ModelReply:
    return await OfflineProvider().complete(ModelRequest("m", messages, tools=tools, **more), Timeouts())


def asked(text: str) -> Message:
    return Message("user", text)


def answered(called: Tool, result: str) -> tuple[Message, Message]:
    call = ToolCall("call_1", called.name, "{}")
    return Message("assistant", "", (call,)), Message("tool", result, tool_call_id="call_1")


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("question", "called"),
    [
        ("What's the weather like in Paris?", "get_weather"),
        ("Compute 12 * (3 + 4)", "calculator"),
        ("Who won the cup in 2022?", "web_search"),
        ("東京の天気はどうですか？", "web_search"),
        ("北京今天天气怎么样", "web_search"),
        ("こんにちは、田中です", ""),
        ("Good evening!", ""),
        ("Thanks, that is all.", ""),
    ],
)
async def test_a_question_calls_what_it_is_about(question: str, called: str) -> None:
    """By words, by arithmetic, or because something must be looked up; small talk calls nothing."""
    said = await reply(asked(question), tools=(WEATHER, SUMS, SEARCH))

    assert [call.name for call in said.tool_calls] == ([called] if called else [])


@pytest.mark.feature("N2")
async def test_a_tool_is_called_once_and_its_result_is_the_answer() -> None:
    """With the result there is nothing left to call; a new question begins again."""
    question = asked("What's the weather like in Paris?")
    first = await reply(question, *answered(WEATHER, "19 degrees"), tools=(WEATHER, SUMS))
    again = await reply(question, *answered(WEATHER, "19 degrees"), asked("And the weather in Rome?"), tools=(WEATHER,))

    assert (first.tool_calls, first.text) == ((), "Here is what I found: 19 degrees")
    assert [call.arguments for call in again.tool_calls] == ['{"city": "Rome"}']


async def test_marks_around_a_result_are_not_said() -> None:
    """Marks around text from outside are for the model; text with tags of its own stays whole."""
    question = asked("What's the weather like in Paris?")
    wrapped = await reply(question, *answered(WEATHER, marked("19 degrees", "tool:weather", 100)), tools=(WEATHER,))
    page = await reply(question, *answered(WEATHER, "<b>19</b> degrees"), tools=(WEATHER,))

    assert wrapped.text == "Here is what I found: 19 degrees"
    assert page.text == "Here is what I found: <b>19</b> degrees"


@pytest.mark.feature("N2")
async def test_demanded_calls_end_with_the_tool_that_hands_in() -> None:
    """`required` calls what the question is about, then what ends the conversation; a named tool is always called."""
    question = asked("What's the weather like in Paris?")
    first = await reply(question, tools=(HAND_IN, WEATHER), tool_choice="required")
    second = await reply(question, *answered(WEATHER, "19"), tools=(HAND_IN, WEATHER), tool_choice="required")
    named = await reply(question, tools=(SUMS, WEATHER), tool_choice="calculator")
    none = await reply(question, tools=(WEATHER,), tool_choice="none")

    assert [said.tool_calls[0].name for said in (first, second, named)] == ["get_weather", "final_result", "calculator"]
    assert none.tool_calls == ()


@pytest.mark.feature("N2")
async def test_results_told_by_a_user_are_results() -> None:
    """Agents without a role for tools send what they observed as a user: nothing is called again."""
    said = await reply(
        asked("What's the weather like in Paris?"),
        Message("assistant", "Calling tools: get_weather"),
        asked("Observation:\n19 degrees"),
        tools=(WEATHER, HAND_IN),
        tool_choice="required",
    )

    assert [call.name for call in said.tool_calls] == ["final_result"]


@pytest.mark.feature("N2")
async def test_a_schema_is_kept_after_a_result() -> None:
    """The answer to a result has the form that was asked for."""
    schema = {"type": "object", "properties": {"degrees": {"type": "integer"}}}
    question = asked("What's the weather like in Paris?")
    said = await reply(question, *answered(WEATHER, "19 degrees"), tools=(WEATHER,), output_schema=schema)

    assert said.text == '{"degrees": 19}'


TIME = tool("get_time", "The time in a city", city="string")
ADD = tool("add", "Adds two numbers", a="integer", b="integer")
MULTIPLY = tool("multiply", "Multiplies two numbers", a="integer", b="integer")


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("question", "tools", "called"),
    [
        ("What is the weather in Oslo, Austin, TX and Rome?", (WEATHER,), ["Oslo", "Austin, TX", "Rome"]),
        ("What's the weather and time in Oslo?", (TIME, WEATHER), ["get_weather", "get_time"]),
        ("What is 3 * 12? Also, what is 11 + 49?", (ADD, MULTIPLY), ["multiply", "add"]),
        ("I am Ada. What is the weather in Oslo?", (WEATHER, TIME), ["get_weather"]),
    ],
    ids=["one tool for each name", "two tools", "two questions", "one question"],
)
async def test_what_is_about_several_things_calls_side_by_side(
    question: str, tools: tuple[Tool, ...], called: list[str]
) -> None:
    """A call for each name of a list, each tool that is named, each question; where the request allows it."""
    said = await reply(asked(question), tools=tools)
    alone = await reply(asked(question), tools=tools, extra={"openai": {"parallel_tool_calls": False}})

    assert len(said.tool_calls) == len({call.id for call in said.tool_calls}) == len(called)
    assert all(one in f"{call.name} {call.arguments}" for one, call in zip(called, said.tool_calls, strict=True))
    assert len(alone.tool_calls) == 1


@pytest.mark.feature("N2")
async def test_an_order_calls_the_only_tool() -> None:
    """No question, and still plainly what the tool is there for; a poem is no weather."""
    run = tool("python_repl", "Runs a program", code="string")
    write = tool("write_code", "Used to output code", code="string")

    assert [c.name for c in (await reply(asked("Write code that draws a block"), tools=(write,))).tool_calls] == [
        "write_code"
    ]
    assert not (await reply(asked("Write a poem about terns"), tools=(WEATHER,))).tool_calls

    assert [call.name for call in (await reply(asked("Plot the temperatures"), tools=(run,))).tool_calls] == [run.name]


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("text", "called"), [("Estoy muy enojado con vos y tu casa!", "classify_text"), ("Hi there!", "")]
)
async def test_a_text_that_asks_nothing_calls_what_works_on_texts(text: str, called: str) -> None:
    """The first such tool, whatever words its description has; small talk calls none."""
    tools = (tool("get_weather"), tool("classify_text", "Tells moods", mood="string"), tool("summarize_text"))
    calls = (await reply(asked(text), tools=tools)).tool_calls
    assert [call.name for call in calls] == ([called] if called else [])


@pytest.mark.feature("N2")
async def test_a_result_that_is_handed_back_is_mended() -> None:
    """The option that the objection names is taken, the flag it names is turned: a validator is not asked for ever."""
    parts = {"route": {"enum": ["all_good", "needs_hr"]}, "has_problem": {"type": "boolean"}}
    result = Tool("final_result", "", {"type": "object", "properties": parts, "required": [*parts]})
    first = await reply(asked("The team is welcoming"), tools=(result,), tool_choice="required")
    objection = "You routed but flagged no problem: set has_problem or route all_good. Fix the errors and try again."
    second = await reply(
        asked("The team is welcoming"), *answered(result, objection), tools=(result,), tool_choice="required"
    )

    assert first.tool_calls[0].arguments == '{"route": "needs_hr", "has_problem": false}'
    assert second.tool_calls[0].arguments == '{"route": "all_good", "has_problem": true}'
