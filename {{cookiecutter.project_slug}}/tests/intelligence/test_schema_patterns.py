"""A client's patterns hold nobody up, and mean what they mean in JSON Schema."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from app.errors import InputError, InvalidReplyError
from app.intelligence.structured import parse

ENDLESS = ["^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "^(.*a){24}$", "(a*)*(a*)*b"]
TEXT = "a" * 60 + "!"


def test_a_pattern_that_never_ends_is_stopped() -> None:
    """As a value's or a name's pattern: fitting or refused, within half a second of the processor."""
    for pattern in ENDLESS:
        for schema, reply in (
            ({"properties": {"x": {"pattern": pattern}}}, {"x": TEXT}),
            ({"patternProperties": {pattern: {}}, "additionalProperties": False}, {TEXT: 1}),
        ):
            started = time.process_time()
            with pytest.raises((InputError, InvalidReplyError)):
                parse(json.dumps(reply), schema)
            assert time.process_time() - started < 0.5


def test_what_takes_too_long_says_what_to_do() -> None:
    """The remedy is in the line."""
    with pytest.raises(InputError, match="without repeats of repeats"):
        parse(json.dumps("=" + "a" * 40_000), {"pattern": "^(.*)(.*)(.*)(.*)(.*)=$"})


@pytest.mark.parametrize(
    ("schema", "reply", "said"),
    [
        ({"pattern": "^[0-9]{3}$"}, "123", None),
        ({"pattern": "[0-9]"}, "a1b", None),
        ({"pattern": "^[0-9]{3}$"}, "12", "does not match"),
        ({"pattern": "x"}, 7, None),
        ({"patternProperties": {"^n_": {"type": "integer"}}}, {"n_a": 1, "other": "x"}, None),
        ({"patternProperties": {"^n_": {"type": "integer"}}}, {"n_a": "1"}, "n_a"),
        ({"patternProperties": {"^n_": {}}, "additionalProperties": False}, {"n_a": 1, "b": 2}, "'b'"),
        ({"properties": {"b": {}}, "additionalProperties": False}, {"b": 2}, None),
        ({"additionalProperties": {"type": "string"}}, {"b": 2}, "b: 2 is not of type 'string'"),
        ({"properties": {"b": {}}, "unevaluatedProperties": False}, {"b": 2, "c": 1}, "'c' was unexpected"),
    ],
)
def test_patterns_mean_what_they_meant(schema: dict[str, Any], reply: Any, said: str | None) -> None:
    """Found anywhere in a text, held against texts alone, names counted once."""
    if said is None:
        assert parse(json.dumps(reply), schema) == reply
        return
    with pytest.raises(InvalidReplyError, match=said):
        parse(json.dumps(reply), schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": "("},
        {"patternProperties": {"(": {}}},
        {"allOf": [{"patternProperties": {"a": {}}}], "unevaluatedProperties": False},
    ],
)
def test_a_schema_that_cannot_be_served_is_the_caller_s(schema: dict[str, Any]) -> None:
    """An error of what was sent, not of the reply."""
    with pytest.raises(InputError, match=r"schema|served"):
        parse('{"a": 1}' if "pattern" not in schema else '"a"', schema)
