"""The stand-in answers in the lines that a prompt spells out: fields, lists, letters, verdicts, numbers."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest

from app.intelligence.messages import Message, ModelRequest
from app.intelligence.providers.offline import OfflineProvider
from app.intelligence.providers.provider import Timeouts

FORMAT = """Rate the essay. Use this format:

Score: <1-10>
Verdict: <good | bad>
Reason: <one sentence>

Essay: A cat sat on a mat."""
CHOICES = "Answer with the letter of the right choice.\nWhat do terns eat?\nA) Stones\nB) What terns eat: fish\nC) Cars"


async def said(text: str, **more: Any) -> str:
    request = ModelRequest("m", (Message("user", text),), **more)
    return (await OfflineProvider().complete(request, Timeouts())).text


@pytest.mark.feature("N2")
async def test_fields_are_those_of_the_format() -> None:
    """A number for a score, an option where options stand; what the prompt gives behind it is no field."""
    fields = dict(line.split(": ", 1) for line in (await said(FORMAT)).splitlines())

    assert list(fields) == ["Score", "Verdict", "Reason"]
    assert 1 <= int(fields["Score"]) <= 10
    assert fields["Verdict"] in ("good", "bad")


@pytest.mark.feature("N2")
async def test_a_format_goes_before_the_word_that_ends_a_loop() -> None:
    """The word is one of the field's options, and the favourable one."""
    text = await said(
        "Only output PASS if all criteria are met.\nReturn in this format:\nStatus: [PASS/FAIL]\n"
        "Feedback: [Your feedback here]\n\nText: terns"
    )

    assert text.startswith("Status: PASS\nFeedback: ")


@pytest.mark.feature("N2")
async def test_a_field_that_was_begun_is_gone_on_with() -> None:
    """A prompt that ends in a field's name has it already."""
    text = await said("Use the following format:\nTopic: <topic>\nScore: <1-5>\n\nText: terns\n\nScore:")

    assert text == "3"


@pytest.mark.feature("N2")
async def test_lists_have_as_many_items_as_are_told() -> None:
    """A line each, numbered, in Python's or in JSON's form."""
    lines = await said("Generate three search queries about terns. Write one query per line.")
    numbered = await said("Write a numbered list of 4 questions about terns.")
    python = await said("Return a Python list of five names.")
    array = await said("Give me a JSON list of 3 animals")

    assert lines.splitlines() == ["terns", "terns (2)", "terns (3)"]
    assert [line.partition(".")[0] for line in numbered.splitlines()] == ["1", "2", "3", "4"]
    assert len(ast.literal_eval(python)) == 5
    assert len(json.loads(array)) == 3


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        (CHOICES, "B"),
        ("Is the sky blue? Answer yes or no.", "yes"),
        ("Is the text grounded? Reply True or False.", "True"),
        ("Extract the file name. ONLY return it, nothing else.\n\nPlease read notes.txt now", "notes.txt"),
        ("Return only the city of this sentence.\n\nWe went by train to Oslo yesterday", "Oslo"),
        ("Reply with a score between 0 and 1.\nText: fine", "0.5"),
        ("Rate the text on a scale from 1 to 9.\nText: fine", "5"),
    ],
)
async def test_one_word_where_one_is_wanted(prompt: str, expected: str) -> None:
    """A letter, the favourable verdict, the middle of the range."""
    assert await said(prompt) == expected


@pytest.mark.feature("N2")
async def test_the_words_that_mark_a_final_answer_come_first() -> None:
    """Others wait for them."""
    text = await said(
        "Prefix your reply with FINAL ANSWER when you have it, so the team knows to stop. What is a tern?"
    )

    assert text.startswith("FINAL ANSWER: ")


@pytest.mark.feature("N2")
async def test_json_that_would_be_cut_speaks_of_less() -> None:
    """It stays JSON within the tokens that the reply may have; other text is cut."""
    long = "Terns fly far over the sea. " * 100
    text = await said(f'Reply with JSON: {{"summary": "..."}}\n\n{long}', max_output_tokens=30)
    schema = {"type": "object", "properties": {"summary": {"type": "string"}, "city": {"type": "string"}}}
    found = json.loads(await said(f"{long}We saw them in Oslo.", max_output_tokens=30, output_schema=schema))

    assert set(json.loads(text)) == {"summary"}
    assert found["city"] == "Oslo"
    assert len(found["summary"]) < 100


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("prompt", "field", "expected"),
    [
        ("Create 3 analysts for the topic of terns", {"analysts": {"type": "array", "items": {"type": "string"}}}, 3),
        ("Write two short questions", {"questions": {"type": "array", "items": {"type": "string"}}}, 2),
        ("Name birds", {"birds": {"type": "array", "items": {"type": "string"}}}, 1),
    ],
)
async def test_a_list_of_a_schema_has_the_number_the_prompt_names(prompt: str, field: Any, expected: int) -> None:
    """`3 analysts` for a field of that name."""
    [values] = json.loads(await said(prompt, output_schema={"type": "object", "properties": field})).values()

    assert len(values) == expected


@pytest.mark.feature("N2")
async def test_a_place_in_a_list_is_not_a_number_of_the_question() -> None:
    """The one that the pattern shows: a year would be outside the list."""
    [chosen] = json.loads(
        await said('(1) summaries\n(2) facts\nReturn JSON: [{"choice": 1, "reason": "<why>"}]\n\nWhat was in 2021?')
    )

    assert chosen["choice"] == 1


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        (
            'Rate from 1 to 9, strictly in this form: "[[rating]]", for example: "Rating: [[5]]". Text: fine',
            r"\[\[5\]\]",
        ),
        ("Put your final answer in \\boxed{}. What is half of 14?", r"\\boxed\{14\}"),
        ("Give the answer after ####. How many are 3 and 4?", r"#### 4$"),
    ],
    ids=["rating", "boxed", "hashes"],
)
async def test_an_answer_stands_behind_the_mark_that_finds_it(prompt: str, found: str) -> None:
    """Programs search replies for these."""
    assert re.search(found, await said(prompt))
