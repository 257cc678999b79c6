"""Gemini's own schema language as JSON Schema: types in capitals, `nullable`, numbers written as strings.

Requests to Gemini need no way back: it takes JSON Schema in fields of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.errors import InputError
from app.intelligence.wire.fields import Kind, objects, optional, shown

_COUNTS = ("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties")
_KEPT = ("title", "description", "enum", "format", "default", "example", "pattern", "minimum", "maximum", "required")


def as_json_schema(schema: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The JSON Schema that says the same. `where` is the path of the field. Raises InputError naming what is wrong."""
    said = {key: schema[key] for key in _KEPT if schema.get(key) is not None}
    kind = optional(schema, "type", Kind.TEXT, f"{where}.")
    if kind is not None and kind != "TYPE_UNSPECIFIED":
        said["type"] = [kind.lower(), "null"] if schema.get("nullable") else kind.lower()
    said |= {key: _count(schema[key], f"{where}.{key}") for key in _COUNTS if schema.get(key) is not None}
    properties = optional(schema, "properties", Kind.OBJECT, f"{where}.")
    if properties is not None:
        said["properties"] = {
            name: as_json_schema(inner, f"{where}.properties.{name}") for name, inner in _inner(properties, where)
        }
    for key in ("items", "additionalProperties"):
        inner = schema.get(key)
        if inner is not None:
            said[key] = as_json_schema(inner, f"{where}.{key}") if isinstance(inner, dict) else inner
    for key in ("anyOf", "prefixItems"):
        if schema.get(key) is not None:
            choices = objects(schema[key], f"{where}.{key}")
            said[key] = [as_json_schema(choice, f"{where}.{key}[{i}]") for i, choice in enumerate(choices)]
    if schema.get("nullable") and "anyOf" in said:
        said["anyOf"].append({"type": "null"})
    return said


def _inner(properties: Mapping[str, Any], where: str) -> list[tuple[str, dict[str, Any]]]:
    for name, inner in properties.items():
        if not isinstance(inner, dict):
            raise InputError(f"{where}.properties.{name} is {shown(inner)}: send an object")
    return list(properties.items())


def _count(value: Any, where: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise InputError(f"{where} is {shown(value)}: send a whole number") from None
