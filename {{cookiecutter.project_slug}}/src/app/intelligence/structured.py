"""Structured output: reading a reply as JSON and holding it against its schema. Repairing is the gateway's business."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from app.errors import ConfigurationError, InvalidReplyError

FENCE = re.compile(r"^\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*$", re.DOTALL)


def parse(text: str, schema: Mapping[str, Any]) -> Any:
    """The JSON value in `text`, a code fence around it allowed. Raises InvalidReplyError saying what does not fit."""
    fenced = FENCE.match(text)
    try:
        value = json.loads(fenced.group(1) if fenced else text)
    except json.JSONDecodeError as error:
        raise InvalidReplyError(f"the reply is not JSON: {error.msg} at character {error.pos}") from None
    fault = best_match(_validator(json.dumps(schema, sort_keys=True)).iter_errors(value))
    if fault is not None:
        place = fault.json_path.removeprefix("$.") or "the reply"
        raise InvalidReplyError(f"{place}: {fault.message}")
    return value


def check_schema(schema: Mapping[str, Any], where: str) -> None:
    """Raise ConfigurationError when `schema` is not a valid JSON Schema; `where` names its file."""
    fault = best_match(Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema))
    if fault is not None:
        raise ConfigurationError(f"{where}: output_schema is not a JSON Schema: {fault.message}")


@lru_cache(maxsize=64)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema))
