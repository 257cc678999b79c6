"""Structured output: by schema or by Pydantic model, read leniently, held strictly, repaired once, then refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import Enum
from typing import Any, Self

import pytest
from pydantic import BaseModel, Field, field_validator

from app.caller import Caller
from app.errors import ConfigurationError, InputError, InvalidReplyError
from app.intelligence.messages import Message, ModelReply, ModelRequest, Usage
from app.intelligence.providers.scripted import ScriptedProvider
from app.intelligence.structured import json_part, parse, schema_of
from app.intelligence.wire.codec import CODECS
from tests.intelligence.conftest import Bench

Make = Callable[[Any], Bench]
ADA = {"name": "Ada"}
ME = Caller(tenant="acme", user="u1")


class Urgency(Enum):
    """How soon."""

    low = "low"
    high = "high"


class Address(BaseModel):
    """Where."""

    city: str
    zip: str | None = None


class Ticket(BaseModel):
    """What a message asks for."""

    title: str = Field(min_length=3)
    urgency: Urgency
    due: date | None = None
    addresses: list[Address] = []

    @field_validator("title")
    @classmethod
    def _no_shouting(cls, title: str) -> str:
        if title.isupper():
            raise ValueError("write the title in lower case")
        return title


class Knot(BaseModel):
    """A model that holds itself."""

    knots: list[Self]


GOOD = '{"title": "Refund", "urgency": "high", "due": "2026-05-01", "addresses": [{"city": "Bonn"}]}'


def said(text: str) -> ModelReply:
    """A reply of ten tokens."""
    return ModelReply(text, "m", Usage(5, 10))


@pytest.mark.feature("G9")
@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here is the ticket:\n```\n{GOOD}\n```\nAnything else?",
        f"Sure! {GOOD} I hope this helps.",
        f"\n\n  {GOOD}\n",
    ],
    ids=["bare", "fenced", "fenced among words", "among words", "among blanks"],
)
async def test_a_model_of_pydantic_comes_back_as_itself(bench: Make, text: str) -> None:
    """Nested models, enums, dates and absent fields; the reply's text is the JSON alone, whatever stood around it."""
    provider = ScriptedProvider(said(text))

    ticket, reply = await bench(provider).gateway.complete_as(Ticket, "greet", ADA, ME)

    assert ticket == Ticket(
        title="Refund", urgency=Urgency.high, due=date(2026, 5, 1), addresses=[Address(city="Bonn")]
    )
    assert reply.text.strip() == GOOD
    assert len(provider.requests) == 1
    schema = provider.requests[0].output_schema
    assert schema is not None
    assert schema["properties"]["urgency"]["enum"] == ["low", "high"]
    assert "$ref" not in str(schema)


@pytest.mark.feature("G9")
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("I cannot say.", "the reply is not JSON"),
        ('{"title": "Refund"}', "'urgency' is a required property"),
        ('{"title": "Refund", "urgency": "now"}', "'now' is not one of ['low', 'high']"),
        ('{"title": "REFUND", "urgency": "low"}', "title: write the title in lower case"),
        ('{"title": "Refund", "urgency": "low", "due": "soon"}', "due: "),
        ('{"title": "Refund", "urgency": "low"} or {"title": "Return", "urgency": "low"}', "not JSON"),
        ("[" * 100_000, "not JSON|nested too deeply"),
    ],
    ids=["prose", "missing", "not in the enum", "a validator of the model", "no date", "two of them", "a deep one"],
)
async def test_what_does_not_fit_is_told_the_model_once(bench: Make, text: str, fault: str) -> None:
    """The repair names the fault; a good second reply serves, and the call costs both."""
    provider = ScriptedProvider(said(text), said(GOOD))

    ticket, reply = await bench(provider).gateway.complete_as(Ticket, "greet", ADA, ME)

    assert ticket.title == "Refund"
    repair = provider.requests[1].messages
    assert repair[-2] == Message("assistant", text)
    assert any(part in repair[-1].text for part in fault.split("|"))
    assert reply.usage.output_tokens == 20


@pytest.mark.feature("G9")
async def test_one_repair_is_all(bench: Make) -> None:
    """A second misfit is an error with the fault; the row holds what both replies cost."""
    provider = ScriptedProvider(said('{"title": "Refund"}'))
    made = bench(provider)

    with pytest.raises(InvalidReplyError, match="'urgency' is a required property"):
        await made.gateway.complete_as(Ticket, "greet", ADA, ME)

    assert len(provider.requests) == 2
    assert (made.rows[0].status, made.rows[0].output_tokens) == ("failed", 20)


@pytest.mark.feature("G9")
async def test_a_fallback_text_that_is_no_such_model_is_not_passed_off_as_one(bench: Make) -> None:
    """With no model left the words of the fallback are refused where data was asked for."""
    with pytest.raises(InvalidReplyError, match="the reply is not JSON"):
        await bench(ScriptedProvider("503")).gateway.complete_as(Ticket, "safe", ADA, ME)


@pytest.mark.feature("G9")
async def test_a_misfit_of_the_cheap_model_goes_to_the_dearer_one(bench: Make) -> None:
    """Instead of being repaired by the model that could not."""
    provider = ScriptedProvider(said("{}"), said(GOOD))

    ticket, _ = await bench(provider).gateway.complete_as(Ticket, "tiered", ADA, ME)

    assert ticket.title == "Refund"
    assert [request.model for request in provider.requests] == ["little", "big"]


@pytest.mark.feature("G9")
@pytest.mark.parametrize("protocol", sorted(set(CODECS) - {"offline"}))
def test_every_protocol_is_given_the_schema(protocol: str) -> None:
    """In its own words, nothing of the model lost."""
    body = CODECS[protocol].encode_request(
        ModelRequest("m", (Message("user", "Hello"),), max_output_tokens=9, output_schema=schema_of(Ticket))
    )

    assert "urgency" in str(body)
    assert "high" in str(body)


def test_a_model_without_an_end_is_refused() -> None:
    """No provider can be asked for it."""
    with pytest.raises(ConfigurationError, match="model Knot holds Knot inside itself"):
        schema_of(Knot)


def test_text_without_json_stays_as_it_is() -> None:
    """Also where a brace begins something else."""
    for text in ("", "Fourteen days.", "Use {name} here.", "[1] says so", "{"):
        assert json_part(text) in (text, "[1]")


@pytest.mark.feature("I3")
@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"properties": {"a": {"pattern": "("}}}, "pattern that cannot be read .missing"),
        ({"type": 5}, "not a JSON Schema"),
        ({"type": "text"}, "not a JSON Schema"),
        ({"properties": {"a": 5}}, "not a JSON Schema"),
        ({"$ref": "#/x"}, "not a JSON Schema"),
        ({"$ref": "http://nowhere.test/x"}, "not a JSON Schema"),
        ({"properties": {"b": {"multipleOf": 0}}}, "not a JSON Schema"),
        ({"$ref": "#"}, "without end"),
    ],
    ids=["pattern", "type", "unknown type", "property", "nowhere", "elsewhere", "zero", "endless"],
)
def test_a_clients_wrong_schema_is_the_clients_fault(schema: dict[str, Any], said: str) -> None:
    """Not an error on our side: nobody has checked a schema that came with a request."""
    with pytest.raises(InputError, match=said):
        parse('{"a": "x", "b": 3}', schema)
