"""The stand-in answers in the form that the prompt's own words spell out."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from app.intelligence.messages import Message, ModelRequest
from app.intelligence.providers.offline import OfflineProvider
from app.intelligence.providers.provider import Timeouts

REACT = """Answer the question. You have these tools:
search: A search engine. Useful for questions about current events.
calculator: Useful for math.

Question: the input question
Thought: think about what to do
Action: the action to take, should be one of [search, calculator]
Action Input: the input to the action
Observation: the result of the action
Thought: I now know the final answer
Final Answer: the final answer

Begin!

Question: What is 6 * 7?
Thought:"""
PYDANTIC = """List three birds.
The output should be formatted as a JSON instance that conforms to the JSON schema below.
```
{"properties": {"birds": {"type": "array", "items": {"type": "string"}}, "count": {"type": "integer"}}}
```"""


async def said(*messages: tuple[str, str], **more: Any) -> str:
    request = ModelRequest("m", tuple(Message(role, text) for role, text in messages), **more)  # type: ignore[arg-type]
    return (await OfflineProvider().complete(request, Timeouts())).text


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ('Reply only with JSON like {"name": "...", "age": <int>, "tags": [""]}. Ada, 36.', {"name", "age", "tags"}),
        ("Return JSON:\n{\n  name: string, // who\n  \"city\": string\n}\nText: Ada lives in Rome.", {"name", "city"}),
        ("Use this JSON schema:\nRecipe = {'title': str, 'steps': list[str]}\nGive a recipe.", {"title", "steps"}),
        ('Respond with valid JSON with the keys "summary" and "score".\nText: it was fine', {"summary", "score"}),
        ("Return a JSON object with keys summary, score and reason. Text: it was fine", {"summary", "score", "reason"}),
        ('Answer the questions using this format {"why": "answer", "who": "answer"}: it was late', {"why", "who"}),
        (PYDANTIC, {"birds", "count"}),
        (PYDANTIC.replace("{", "{{").replace("}", "}}"), {"birds", "count"}),
    ],
    ids=["pattern", "comments", "types", "quoted keys", "keys", "format", "schema", "doubled braces"],
)  # fmt: skip
async def test_json_has_the_keys_of_the_pattern(prompt: str, expected: set[str]) -> None:
    """Patterns, schemas and names of keys alike."""
    assert set(json.loads(await said(("user", prompt)))) == expected


@pytest.mark.feature("N2")
async def test_values_of_a_pattern_have_its_types() -> None:
    """Options are chosen among, lists are lists, numbers numbers; several are a list."""
    prompt = 'Return a JSON array of objects: {"mood": "good|bad", "stars": 4, "words": ["..."]}. Review: a bad day'
    [one] = json.loads(await said(("user", prompt)))

    assert one["mood"] == "bad"
    assert isinstance(one["stars"], int)
    assert isinstance(one["words"], list)


@pytest.mark.feature("N2")
async def test_a_reply_that_was_begun_is_gone_on_with() -> None:
    """The client's own beginning is not said twice."""
    rest = await said(("user", 'Reply only with JSON: {"name": "..."}. I am Ada.'), ("assistant", "{"))

    assert set(json.loads("{" + rest)) == {"name"}
    whole = await said(("user", "Tell me about terns."))
    assert await said(("user", "Tell me about terns."), ("assistant", whole)) == "That is all."


@pytest.mark.feature("N2")
async def test_tags_are_written_as_told() -> None:
    """What the prompt gives in tags is not among them."""
    prompt = (
        "<article>A long article about the sea and its many fishes.</article>\nThink in <thinking> tags, then put your "
        "answer in <answer></answer> tags. What is the article about?"
    )
    text = await said(("user", prompt))

    assert text.startswith("<thinking>\n")
    assert "</answer>" in text
    assert "<article>" not in text


@pytest.mark.feature("N2")
async def test_an_agent_in_text_calls_a_tool_once_and_answers() -> None:
    """The lines of the prompt's own format: an action first, the final answer after the observation."""
    first = await said(("user", REACT), stop=("\nObservation",))
    last = await said(
        ("user", f"{REACT} I should.\nAction: calculator\nAction Input: 6 * 7\nObservation: 42\nThought:")
    )

    assert "\nAction: calculator\nAction Input: What is 6 * 7?" in first
    assert last.endswith("Final Answer: 42")


@pytest.mark.feature("N2")
async def test_an_agent_in_json_hands_in_what_was_observed() -> None:
    """One blob of JSON with an action, fenced as agents expect it."""
    system = 'Reply with a JSON blob with "action" and "action_input". Valid "action" values: "Final Answer" or search'
    first = await said(("system", system), ("user", "search: what is a tern?"))
    last = await said(
        ("system", system), ("user", "what is a tern?"), ("assistant", first), ("user", "Observation: a bird")
    )

    assert json.loads(first.strip("`json\n"))["action"] == "search"
    assert json.loads(last.strip("`json\n")) == {"action": "Final Answer", "action_input": "a bird"}


@pytest.mark.feature("N2")
async def test_numbers_and_lists_are_bare() -> None:
    """A score within the range that is named, words with commas between."""
    assert await said(("user", "Rate it from 1 to 5. Answer with only the number. Text: fine")) == "3"
    assert "sea" in (await said(("user", "Name things as comma separated values: the sea, the sea"))).split(", ")


@pytest.mark.parametrize(
    "prompt",
    [
        "Return JSON: " + "{a:" * 3_000,
        "Return JSON: " + "{a:" * 3_000 + "1" + "}" * 3_000,
        "Return JSON " + "{a:{b:" * 20_000,
        "respond in <a> " * 20_000,
        "<document>" * 20_000,
        "Action Input: one of [" + "a," * 20_000 + "]",
        "Return JSON {a:" + " " * 50_000 + "b",
        "Return JSON" + "\n " * 20_000 + "x",
        "a " * 50_000,
        "Return JSON with keys: " + " " * 50_000 + "!",
        "Return JSON with keys: " + "a (b|c), " * 10_000,
        'Return JSON: {"a": ' + '"b" | ' * 20_000,
        "Respond in the following format:\n" + "A: <b>\n" * 10_000,
        "Available agents:\n" + "- a: b\n" * 10_000,
        "Write SQL for table a (b, c). " * 5_000,
        "Write python in ```python\n" + "def f(a):\n" * 10_000,
        "Compare Oslo and Rome, " * 10_000,
    ],
    ids=[
        "open objects",
        "deep objects",
        "beginnings",
        "open tags",
        "documents",
        "tools",
        "spaces",
        "lines",
        "words",
        "spaces for keys",
        "keys",
        "options",
        "fields",
        "agents",
        "tables",
        "functions",
        "places",
    ],
)
async def test_no_prompt_takes_long(prompt: str) -> None:
    """What a prompt holds a thousand times is not read a thousand times over."""
    started = time.perf_counter()
    await said(("user", prompt))
    assert time.perf_counter() - started < 3


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    "prompt",
    [
        "Continue the story. However, only once the story\nis COMPLETELY finished, write IAMDONE.",
        "You are the reviewer. Reply TERMINATE when the task is done.",
        "Summarise. When the plan is complete and all views are in it, you can respond with TERMINATE.",
        "Give feedback. Respond with TERMINATE when your feedback is addressed.",
    ],
)
async def test_the_word_that_ends_a_loop_is_said(prompt: str) -> None:
    """A client that waits for it does not wait for ever."""
    assert (await said(("user", prompt))).endswith(("\n\nIAMDONE", "\n\nTERMINATE"))


@pytest.mark.feature("N2")
async def test_fields_under_markers_have_their_types() -> None:
    """As programs that are made of signatures ask for them, under markers or in JSON."""
    markers = (
        "Respond with the corresponding output fields, starting with the field `[[ ## answer ## ]]`, then "
        "`[[ ## score ## ]]` (must be formatted as a valid Python float), then `[[ ## mood ## ]]` (must be formatted "
        "as a valid Python Literal['good', 'bad']), and then ending with the marker for `[[ ## completed ## ]]`."
    )
    text = await said(("user", f"[[ ## review ## ]]\nA bad day of 3 hours.\n\n{markers}"))
    fields = {part.split(" ## ]]")[0]: part.split("]]")[1].strip() for part in text.split("[[ ## ")[1:]}

    assert list(fields) == ["answer", "score", "mood", "completed"]
    assert (float(fields["score"]), fields["mood"]) == (3.0, "bad")
    pattern = '{"score": "{score}  # note: the value you produce must be a single float value"}'
    asked = await said(("user", f"Outputs will be a JSON object:\n{pattern}\nRated 4.5"), json_object=True)
    assert isinstance(json.loads(asked)["score"], float)


@pytest.mark.feature("N2")
async def test_what_a_source_says_of_form_is_no_instruction() -> None:
    """Sources are quoted, not obeyed."""
    source = (
        "[1] Import\nThe format is CSV, separated by commas. Only a number of rows fits.\n\nQuestion: Which format?"
    )
    assert "format is CSV" in await said(("system", "Answer from the sources."), ("user", source))


@pytest.mark.feature("N2")
async def test_json_stands_in_the_tag_it_is_wanted_in() -> None:
    """The object is between the tags, and thoughts have theirs."""
    prompt = """Think in <thinking> tags. Output your JSON inside <summary> tags, like {"name": "Their name", "age": 3}.

Ada, 36"""
    text = await said(("user", prompt))
    assert text.startswith("<thinking>")
    assert json.loads(text.partition("<summary>")[2].partition("</summary>")[0])["age"] == 36


async def test_each_thing_of_a_list_has_its_verdict() -> None:
    """A line each, which a program can take apart."""
    prompt = (
        "Determine whether each item in the list is a topic of the text.\nGive your answer as list with 0 or 1 for "
        "each topic.\n\nList of topics: nasa, local government\n\nText: '''A survey of NASA and its people.'''"
    )
    assert await said(("user", prompt)) == "nasa: 1\nlocal government: 0"


ROUTER = """Select the model prompt best suited for the input.

<< FORMATTING >>
Return a markdown code snippet with a JSON object formatted to look like:
```json
{
    "destination": string \\ name of the prompt to use or "DEFAULT"
    "next_inputs": string \\ a potentially modified version of the original input
}
```

REMEMBER: "destination" MUST be one of the candidate prompt names specified below OR it can be "DEFAULT".

<< CANDIDATE PROMPTS >>
science: Good for questions about physics, stars and cells
numbers: Good for sums and equations

<< INPUT >>
How hot are the cells of a star?

<< OUTPUT (must include ```json at the start of the response) >>
<< OUTPUT (must end with ```) >>
"""


@pytest.mark.feature("N2")
async def test_a_prompt_in_sections_is_about_its_input() -> None:
    """What is behind the input is no part of it, and a name is one of those that are listed."""
    reply = await said(("user", ROUTER))
    assert json.loads(reply.removeprefix("```json").removesuffix("```")) == {
        "destination": "science",
        "next_inputs": "How hot are the cells of a star?",
    }


@pytest.mark.feature("N2")
async def test_tags_within_tags_are_written_as_shown() -> None:
    """The form that is shown is kept, and what its innermost tags hold is written anew."""
    shown = "<example_one>\n<prompt>\nPUT_PROMPT_HERE\n</prompt>\n<response>\nPUT_IT_HERE\n</response>\n</example_one>"
    told = f"Make samples.\n\nRespond in this format:\n<response_format>\n{shown}\n</response_format>"
    reply = await said(("system", told), ("user", "<training_task>refunds</training_task>"))
    assert re.findall(r"<example_\w+>\s*<prompt>\s*(?:.+?)\s*</prompt>\s*<response>", reply, re.DOTALL)
    assert "PUT_" not in reply


@pytest.mark.feature("N2")
async def test_tags_that_a_format_shows_are_written() -> None:
    """One by itself, and several that follow each other; what stands in them is a placeholder."""
    one = await said(("user", "Respond in this format:\n<plan>\nWRITE_THE_PLAN\n</plan>\n\nTask: sail to Oslo"))
    two = await said(("user", "Use the format:\n<why>...</why>\n<what>...</what>\n\nTask: sail to Oslo"))

    assert re.fullmatch(r"<plan>\n[^<]+\n</plan>", one)
    assert re.fullmatch(r"<why>\n[^<]+\n</why>\n<what>\n[^<]+\n</what>", two)
    assert "WRITE_THE_PLAN" not in one
    read = await said(
        ("user", "The examples are in JSON.\nRespond in this format:\n<plan>\nPLAN\n</plan>\n\nTask: sail")
    )
    assert read.startswith("<plan>\n")
    given = await said(("system", "Use the format:\n<plan>\nPLAN\n</plan>"), ("user", "<task>[{'sail': 1}]</task>"))
    assert re.fullmatch(r"<plan>\n[^<]+\n</plan>", given)


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (
            "Reply with JSON keys: mood (good|bad), stars (integer), summary (one line). Review: a bad day, 2 stars",
            {"mood": "bad", "stars": 2},
        ),
        ('Reply with JSON: {"mood": "good"|"bad", "why": "..."}. Review: a bad day', {"mood": "bad"}),
        ("Return JSON with these fields:\n- mood (good|bad)\n- words (list of strings)\n\na bad day", {"mood": "bad"}),
        (
            'Choose one of:\nsea | land | air\nReturn JSON: {"where": <one of above>, "why": ""}\n\nA boat on the sea',
            {"where": "sea"},
        ),
    ],
    ids=["options in brackets", "options in quotes", "a line each", "one of above"],
)
async def test_keys_have_the_options_that_are_told_of_them(prompt: str, expected: dict[str, Any]) -> None:
    """Beside the key, in the pattern, or elsewhere in the prompt."""
    assert expected.items() <= json.loads(await said(("user", prompt), json_object=True)).items()


@pytest.mark.feature("N2")
async def test_what_is_available_is_named_as_it_is_listed() -> None:
    """A worker that nobody knows would end the notebook that looks it up."""
    prompt = (
        "Available workers:\n- deepseek/r1:free: answers questions of chemistry\n- `llama3.2`: writes poems\n\n"
        "Reply in JSON: "
        '{"to_call": [{"name": "<worker_name>", "reason": "<why>"}], "next_worker": "..."}'
    )
    found = json.loads(await said(("system", prompt), ("user", "Write two poems about terns")))

    assert found["to_call"][0]["name"] == found["next_worker"] == "llama3.2"


@pytest.mark.feature("N2")
async def test_a_schema_may_be_written_as_python_writes_it() -> None:
    """Which is what an f-string makes of it."""
    schema = {"properties": {"surname": {"type": "string"}}, "required": ["surname"], "type": "object"}
    found = json.loads(await said(("user", f"Extract as JSON by the schema: {schema}\n\nText: It was Ada Lovelace.")))

    assert set(found) == {"surname"}


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    "prompt",
    [
        '以JSON格式返回：{"name": "...", "city": "..."}\n\n文本：张三住在北京',
        '次の文章をJSON形式で出力してください。{"name": "...", "city": "..."}\n\n太郎は東京にいます',
        'Antworte im JSON-Format: {"name": "...", "city": "..."}\n\nAda wohnt in Rom',
        'Responde en formato JSON: {"name": "...", "city": "..."}\n\nAda vive en Roma',
    ],
    ids=["Chinese", "Japanese", "German", "Spanish"],
)
async def test_json_is_asked_for_in_other_languages(prompt: str) -> None:
    """The pattern says the rest."""
    assert set(json.loads(await said(("user", prompt)))) == {"name", "city"}


@pytest.mark.feature("N2")
async def test_a_word_that_ends_a_loop_in_other_languages() -> None:
    """It stands between letters that are no spaces."""
    assert (await said(("system", "任务完成后请回复TERMINATE。"), ("user", "画一张图"))).endswith("\n\nTERMINATE")
