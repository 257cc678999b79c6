"""Structured output: reading a reply as JSON and holding it against its schema. Repairing is the gateway's business."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from app.errors import ConfigurationError, InputError, InvalidReplyError
from app.intelligence.schema_patterns import validator_class
from app.intelligence.schema_references import in_place

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

FENCE = re.compile(r"```(?:json)?[^\S\n]*\n(.*?)\n?\s*```", re.DOTALL)

_DECODER = json.JSONDecoder()


def json_part(text: str) -> str:
    """The JSON in a reply that says more than it was asked: out of its code fence, or of the words around it.

    The text as it is where there is no such thing, or more than one.
    """
    stripped = text.strip()
    if stripped[:1] in ("{", "[") and stripped[-1:] in ("}", "]"):
        return text
    fenced = FENCE.findall(text)
    if len(fenced) == 1:
        return str(fenced[0])
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if fenced or start < 0:
        return text
    try:
        _, end = _DECODER.raw_decode(text, start)
    except (json.JSONDecodeError, RecursionError):
        return text
    return text if re.search(r"[{\[]", text[end:]) else text[start:end]


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a Pydantic model, its parts in place: not every provider follows references.

    Raises ConfigurationError for a model that holds itself.
    """

    def endless(reference: str) -> Any:
        part = reference.rpartition("/")[2]
        raise ConfigurationError(
            f"model {model.__name__} holds {part} inside itself: a reply's schema must have an end"
        )

    return in_place(model.model_json_schema(), endless)


def fitting(value: Any, model: type[BaseModel]) -> BaseModel:
    """The value as the model. Raises InvalidReplyError saying what does not fit."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "the reply"
        raise InvalidReplyError(f"{place}: {first['msg'].removeprefix('Value error, ')}") from None


def parse(text: str, schema: Mapping[str, Any]) -> Any:
    """The JSON value that `text` is. Raises InvalidReplyError saying what does not fit, InputError for a schema that
    no reply can be held against: a client's is checked here first."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise InvalidReplyError("the reply is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise InvalidReplyError(f"the reply is not JSON: {error.msg} at character {error.pos}") from None
    from jsonschema.exceptions import UnknownType, best_match
    from referencing.exceptions import Unresolvable

    try:
        fault = best_match(_validator(json.dumps(schema, sort_keys=True)).iter_errors(value))
    except RecursionError:
        raise InputError("the reply's schema comes back to itself without end: give it an end") from None
    except (UnknownType, Unresolvable, re.error, ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise InputError(f"the reply's schema is not a JSON Schema ({error}): mend it and ask again") from None
    if fault is not None:
        place = fault.json_path.removeprefix("$.") or "the reply"
        raise InvalidReplyError(f"{place}: {fault.message}")
    return value


def check_schema(schema: Mapping[str, Any], where: str) -> None:
    """Raise ConfigurationError when `schema` is not a valid JSON Schema; `where` names its file."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    fault = best_match(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema))
    if fault is not None:
        raise ConfigurationError(f"{where}: output_schema is not a JSON Schema: {fault.message}")


@lru_cache(maxsize=64)
def _validator(schema: str) -> Draft202012Validator:
    return validator_class()(json.loads(schema))
