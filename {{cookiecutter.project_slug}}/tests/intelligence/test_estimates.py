"""What a request is taken to hold before a provider has counted it: nothing that is billed may be forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.intelligence.messages import Message, ModelRequest, Part, Tool, ToolCall
from app.intelligence.stream import PICTURE_TOKENS, estimate_input

PLAIN = ModelRequest("m", (Message("user", "x" * 400),))
SCHEMA = {"type": "object", "properties": {"days": {"type": "integer", "description": "y" * 400}}}


@pytest.mark.feature("G7")
@pytest.mark.parametrize(
    ("changed", "least"),
    [
        (replace(PLAIN, messages=(Message("user", (Part("image", image_url="data:,a"),)),)), PICTURE_TOKENS),
        (replace(PLAIN, tools=(Tool("search", "z" * 400, SCHEMA),)), 300),
        (replace(PLAIN, output_schema=SCHEMA), 200),
        (replace(PLAIN, messages=(Message("assistant", "", (ToolCall("1", "t", "a" * 400),)),)), 100),
    ],
    ids=["a picture", "a tool", "a schema", "a call"],
)
def test_a_reservation_counts_more_than_text(changed: ModelRequest, least: int) -> None:
    """Pictures, tools, schemas and earlier calls are sent, so they are reserved."""
    assert estimate_input(PLAIN) == 100
    assert estimate_input(changed) >= least
