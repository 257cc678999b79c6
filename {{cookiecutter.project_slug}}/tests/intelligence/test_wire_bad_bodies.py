"""Bodies that no client of a vendor sends: each is refused soon, with the place that is wrong, and no other error."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from app.errors import InputError
from app.intelligence.wire import bedrock, cohere_rerank, cohere_v1, interactions

ASKED = {"role": "user", "content": [{"text": "How long?"}]}


def converse(**body: Any) -> Any:
    """A body of Bedrock, read."""
    return bedrock.decode_request({"messages": [ASKED], **body}, model="m", stream=False)


def interact(**body: Any) -> Any:
    """A body of Interactions, read."""
    return interactions.decode_request({"model": "m", "input": "How long?", **body})


def with_schema(text: str) -> Mapping[str, Any]:
    """The settings of a reply that has this schema."""
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": text}}}}


@pytest.mark.feature("I3")
@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda: converse(messages=[{**ASKED, "content": [{"guardContent": {"text": "x"}}]}]), "guardContent.text is"),
        (lambda: converse(outputConfig=with_schema("[" * 100_000)), "is no JSON"),
        (lambda: converse(outputConfig=with_schema('{"a":' * 500 + "1" + "}" * 500)), "nested deeper"),
        (lambda: converse(outputConfig=with_schema('{"a":NaN}')), "is no JSON"),
        (lambda: converse(outputConfig=with_schema('{"a":"\\u0000"}')), "NUL"),
        (
            lambda: converse(system=[{"image": {"format": "png", "source": {"bytes": "aGk="}}}]),
            "system holds a picture",
        ),
        (lambda: interact(response_modalities=[{}]), "response_modalities is"),
        (lambda: interact(generation_config={"tool_choice": {"allowed_tools": {"mode": {}}}}), "tool_choice is"),
        (lambda: interact(generation_config={"tool_choice": ["auto"]}), "tool_choice is"),
        (lambda: interact(input=[{"role": [], "content": "x"}]), r"input\[0\].role is"),
        (lambda: cohere_v1.encode_queries({"message": "x", "chat_history": 5}, id="1"), "chat_history is 5"),
        (
            lambda: cohere_rerank.decode_request(
                {"query": "x", "documents": [{"a": "x"}], "rank_fields": [f"f{i}" for i in range(1_000)]}
            ),
            "rank_fields names 1000 fields",
        ),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(read: Callable[[], Any], said: str) -> None:
    """Also where the value is of a type that nobody would expect there, or JSON inside a text."""
    with pytest.raises(InputError, match=said):
        read()


def test_a_field_named_again_and_again_is_ranked_once() -> None:
    """A small body cannot make a large text."""
    body = {"query": "x", "documents": [{"a": "long"}], "rank_fields": ["a"] * 10_000}

    assert cohere_rerank.decode_request(body).texts == ("long",)


def test_calls_in_a_row_cost_as_much_as_they_are_many() -> None:
    """Tens of thousands in one conversation, gathered into one message in their order."""
    calls = [{"type": "function_call", "id": str(i), "name": "f"} for i in range(100_000)]
    began = time.process_time()
    messages = interact(
        input=[*calls, {"type": "function_result", "call_id": "0", "name": "f", "result": "x"}]
    ).messages

    assert time.process_time() - began < 3
    assert [message.role for message in messages] == ["assistant", "tool"]
    assert [call.id for call in messages[0].tool_calls] == [str(i) for i in range(100_000)]
