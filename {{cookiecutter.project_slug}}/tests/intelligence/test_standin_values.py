"""What the stand-in puts into a schema: values that fit, taken from the text where it holds them."""

from __future__ import annotations

import json
import time
from typing import Any

import jsonschema
import pytest

from app.errors import InputError
from app.intelligence.messages import Message, ModelRequest
from app.intelligence.providers.offline import OfflineProvider
from app.intelligence.providers.provider import Timeouts
from app.intelligence.standin.reading import read
from app.intelligence.standin.values import arguments, fill

BOOKING = (
    "Book a table for 4 at 19:30 on 2026-03-05 in San Francisco, mail ada@example.org, see https://table.example/x"
)


def filled(schema: dict[str, Any], text: str = BOOKING) -> Any:
    return fill(schema, read((Message("user", text),)))


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    "schema",
    [
        {"type": "integer", "minimum": 10, "multipleOf": 5},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "array", "items": {"enum": ["a", "b", "c"]}, "minItems": 2, "uniqueItems": True},
        {"type": "array", "maxItems": 0, "items": {"type": "string"}},
        {"type": ["null", "string"], "minLength": 200},
        {"type": "string", "maxLength": 3},
        {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}]},
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "boolean"}], "items": False},
        {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
        {"definitions": {"A": {"type": "object", "properties": {"n": {"enum": [1, 2]}}}}, "$ref": "#/definitions/A"},
        {"type": "string", "pattern": r"^\d{4}-\d{2}$"},
        {"properties": {"day": {"type": "string", "format": "date-time"}}, "required": ["day"]},
    ],
    ids=lambda schema: json.dumps(schema)[:40],
)
def test_what_is_filled_in_fits_the_schema(schema: dict[str, Any]) -> None:
    """Bounds, counts, patterns, alternatives and references hold."""
    jsonschema.validate(filled(schema), schema, format_checker=jsonschema.FormatChecker())


@pytest.mark.feature("N2")
def test_values_come_from_the_text_that_holds_them() -> None:
    """Dates, times, addresses and numbers are read, each number once."""
    form = {"date": "date", "time": "time", "mail": "email", "page": "uri"}
    schema: dict[str, Any] = {"properties": {key: {"type": "string", "format": form[key]} for key in form}}
    schema["properties"]["city"] = {"type": "string"}

    assert filled(schema) == {
        "date": "2026-03-05",
        "time": "19:30",
        "mail": "ada@example.org",
        "page": "https://table.example/x",
        "city": "San Francisco",
    }
    two = {"properties": {"a": {"type": "number"}, "b": {"type": "number"}}}
    assert filled(two, "What is 1,200 times 7?") == {"a": 1200.0, "b": 7.0}


@pytest.mark.feature("N2")
def test_a_tool_gets_what_it_requires_and_what_is_named() -> None:
    """Arguments that are optional stay out, unless one of their values stands in the question."""
    schema = {
        "type": "object",
        "properties": {
            "expression": {"type": "string"},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "style": {"enum": ["brief", "long"]},
            "limit": {"type": "integer"},
        },
        "required": ["expression"],
    }
    given = arguments(schema, read((Message("user", "How much is (1,984 + 6) * 9 in Celsius?"),)))

    assert given == {"expression": "(1984 + 6) * 9", "unit": "celsius"}


VERDICTS = (
    ({"enum": ["PASS", "NEEDS_IMPROVEMENT", "FAIL"]}, "Failing code? A fail, it needs improvement.", "PASS"),
    ({"type": "string", "description": "Relevance score 'yes' or 'no'"}, "No, the text is about birds", "yes"),
    ({"enum": ["grounded", "not grounded"]}, "Is it so?", "not grounded"),
    ({"enum": ["first", "last"]}, "the last of all", "last"),
)


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("approved", True),
        ("isValid", True),
        ("task_complete", True),
        ("needs_revision", False),
        ("not_approved", False),
    ],
)
def test_a_flag_that_is_a_verdict_is_favourable(name: str, value: bool) -> None:
    """So that a reviewer accepts, and the loop around him ends; other flags say whether the text speaks of them."""
    schema = {"type": "object", "properties": {name: {"type": "boolean"}, "rain": {"type": "boolean"}}}
    assert fill(schema, read([Message("user", "Heavy rain in Bergen.")])) == {name: value, "rain": True}


@pytest.mark.parametrize(("schema", "text", "chosen"), VERDICTS, ids=["verdict", "described", "no verdict", "no words"])
def test_a_verdict_that_nobody_explains_is_favourable(schema: dict[str, Any], text: str, chosen: str) -> None:
    """A loop that asks until the work is good ends; other choices, and explained ones, are made by likeness."""
    assert fill(schema, read([Message("user", text)])) == chosen
    explained = [Message("system", "Judge it.\n\n- PASS: birds\n- FAIL: fish"), Message("user", "A fish")]
    assert fill({"enum": ["PASS", "FAIL"]}, read(explained)) == "FAIL"


@pytest.mark.feature("N2")
async def test_a_supervisor_finishes_when_somebody_has_worked() -> None:
    """The first turn goes to whom the question is like; once there is an answer, the work is over."""
    schema = {"type": "object", "properties": {"next": {"enum": ["researcher", "coder", "FINISH"]}}}
    turns = [Message("user", "Ask the coder for a program")]
    chosen = []
    for _ in range(2):
        request = ModelRequest("m", tuple(turns), output_schema=schema)
        chosen.append(json.loads((await OfflineProvider().complete(request, Timeouts())).text)["next"])
        turns.append(Message("user", "print(1)", name="coder"))
    assert chosen == ["coder", "FINISH"]


@pytest.mark.parametrize("text", ["1," * 15_000, "1+" * 15_000, "a." * 15_000, "-(" * 15_000, "1 " + " " * 30_000])
def test_no_text_takes_long_to_search(text: str) -> None:
    """Lists of numbers, dots and brackets without end, in which neither a sum nor an address comes to its end."""
    fields = {"expression": {"type": "string"}, "email": {"type": "string", "format": "email"}}
    began = time.perf_counter()
    filled({"type": "object", "properties": fields}, text)

    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 10**9, "items": {"type": "string"}},
        {"type": "object", "minProperties": 10**9},
        {"type": "array", "minItems": 300, "items": {"type": "array", "minItems": 300}},
    ],
    ids=["items", "properties", "lists of lists"],
)
def test_no_schema_fills_the_memory(schema: dict[str, Any]) -> None:
    """The limit is said, at once."""
    with pytest.raises(InputError, match="ask for fewer"):
        fill(schema, read([Message("user", "Ten birds")]))


def test_a_text_of_a_billion_letters_is_cut() -> None:
    """It does not fit its schema then, and the caller is told so."""
    assert len(fill({"type": "string", "minLength": 10**9}, read([Message("user", "Ten birds")]))) == 100_000


def test_an_optional_argument_that_is_named_is_given() -> None:
    """As a person would who reads its name in the question; a date in the form that is spelled out."""
    schema = {
        "properties": {"name": {"type": "string"}, "birthday": {"type": "string", "format": "YYYY-MM-DD"}, "town": {}},
        "required": ["name"],
    }
    given = arguments(schema, read((Message("user", "Jason's birthday was yesterday, today is 2024-05-02"),)))
    assert given["birthday"] == "2024-05-02"
    assert "town" not in given


def test_a_list_of_nothing_required_says_nothing() -> None:
    """As clients send that hand in their results by one argument: it is given."""
    schema = {"properties": {"tasks": {"type": "array", "items": {"type": "string"}}}, "required": []}
    assert arguments(schema, read((Message("user", "Two characters"),))) == {"tasks": ["Two characters"]}
