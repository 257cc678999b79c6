"""References of a JSON Schema to its own definitions (`$ref`, `$defs`), replaced by what they name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast


def in_place(schema: Mapping[str, Any], again: Callable[[str], Any]) -> dict[str, Any]:
    """The schema without references. What stands beside a reference wins over what it names.

    `again` is given a reference that comes back to itself and says what stands there, or raises. One that names
    nothing is an empty schema.
    """
    return cast("dict[str, Any]", _in_place(schema, schema, again, ()))


def _in_place(node: Any, whole: Mapping[str, Any], again: Callable[[str], Any], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_in_place(item, whole, again, inside) for item in node]
    if not isinstance(node, Mapping):
        return node
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return {key: _in_place(value, whole, again, inside) for key, value in node.items() if key != "$defs"}
    if reference in inside:
        return again(reference)
    beside = {key: value for key, value in node.items() if key != "$ref"}
    return _in_place({**_named(reference, whole), **beside}, whole, again, (*inside, reference))


def _named(reference: str, whole: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference such as `#/$defs/Score` names in the schema."""
    named: Any = whole
    for step in reference.removeprefix("#/").split("/"):
        named = named.get(step, {}) if isinstance(named, Mapping) else {}
    return cast("Mapping[str, Any]", named)
