"""JSON Schema whose regular expressions cannot hold the process up: a client's schema brings patterns of its own.

`^(a+)+$` needs hours for a reply of forty letters, and Python's `re` can be stopped by nothing. Here each look has a
time limit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from app.errors import InputError

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

LONGEST_S = 0.2
"""For one text against one pattern. Sane patterns take microseconds for a reply of any length that models write."""


@cache
def validator_class() -> type[Draft202012Validator]:
    """Draft 2020-12, each pattern with its time limit. Its errors are jsonschema's own."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    changed = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "unevaluatedProperties": _unevaluated(Draft202012Validator.VALIDATORS["unevaluatedProperties"]),
    }
    return cast("type[Draft202012Validator]", extend(Draft202012Validator, changed))  # type: ignore[no-untyped-call]


def found(pattern: str, text: str) -> bool:
    """Whether the pattern occurs in the text. Raises InputError for no pattern, and for one that takes too long."""
    import regex

    try:
        return regex.search(pattern, text, timeout=LONGEST_S) is not None
    except regex.error as error:
        raise InputError(f"the reply's schema has a pattern that cannot be read ({error}): mend it") from None
    except TimeoutError:
        raise InputError(
            f"the reply's schema has a pattern that takes too long ({pattern[:80]!r}): "
            "write it without repeats of repeats"
        ) from None


def _pattern(validator: Any, pattern: str, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    from jsonschema import ValidationError

    if validator.is_type(instance, "string") and not found(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], instance: Any, schema: Mapping[str, Any]
) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    for pattern, part in patterns.items():
        for name, value in instance.items():
            if found(pattern, name):
                yield from validator.descend(value, part, path=name, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not validator.is_type(instance, "object"):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    extra = [name for name in instance if name not in named and not any(found(p, name) for p in patterns)]
    if validator.is_type(allowed, "object"):
        for name in extra:
            yield from validator.descend(instance[name], allowed, path=name)
    elif not allowed and extra:
        yield ValidationError(f"additional properties are not allowed: {', '.join(map(repr, extra))}")


def _unevaluated(standard: Any) -> Any:
    """The keyword as it is, except beside patterns for names, where jsonschema looks for them by itself."""

    def unevaluated(validator: Any, allowed: Any, instance: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
        if _has_name_patterns(schema):
            raise InputError("unevaluatedProperties beside patternProperties is not served: use additionalProperties")
        yield from standard(validator, allowed, instance, schema) or ()

    return unevaluated


def _has_name_patterns(schema: Any) -> bool:
    if isinstance(schema, Mapping):
        return "patternProperties" in schema or any(_has_name_patterns(part) for part in schema.values())
    return isinstance(schema, list) and any(_has_name_patterns(part) for part in schema)
