"""Reading the fields of a client's JSON body: the right type, or an InputError that names the place.

It knows no protocol. JSON null counts as absent everywhere, as the vendors' SDKs send it for fields left unset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from app.errors import InputError

# Levels of JSON in a text, as many as `service.max_json_depth` allows a body by default.
MOST_DEPTH = 32


class Kind(Enum):
    """The JSON types a field may be required to have; the value is (Python types, what to call them)."""

    TEXT = ((str,), "a string")
    NUMBER = ((int, float), "a number")
    WHOLE = ((int,), "a whole number")
    FLAG = ((bool,), "true or false")
    LIST = ((list, tuple), "a list")
    OBJECT = ((dict,), "an object")


def optional(body: Mapping[str, Any], key: str, kind: Kind, where: str = "") -> Any:
    """The value under `key`, None when absent or null. `where` is the path that leads to `body`, dot included."""
    value = body.get(key)
    if value is None:
        return None
    types, wanted = kind.value
    if not isinstance(value, types) or (isinstance(value, bool) and kind is not Kind.FLAG):
        raise InputError(f"{where}{key} is {shown(value)}: send {wanted}")
    return value


def required(body: Mapping[str, Any], key: str, kind: Kind, where: str = "") -> Any:
    """The value under `key`; InputError when it is absent or null."""
    value = optional(body, key, kind, where)
    if value is None:
        raise InputError(f"{where}{key} is missing: send {kind.value[1]}")
    return value


def within(body: Mapping[str, Any], key: str, kind: Kind, low: float, high: float | None = None) -> Any:
    """An optional number between `low` and `high`, both included."""
    value = optional(body, key, kind)
    if value is None or (low <= value and (high is None or value <= high)):
        return value
    limits = f"at least {low:g}" if high is None else f"between {low:g} and {high:g}"
    raise InputError(f"{key} is {value}: it must be {limits}")


def texts(value: Any, where: str) -> tuple[str, ...]:
    """A list of strings as a tuple."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{where} is {shown(value)}: send a list of strings")
    return tuple(value)


def objects(value: Any, where: str) -> list[dict[str, Any]]:
    """A list of JSON objects."""
    if not isinstance(value, (list, tuple)):
        raise InputError(f"{where} is {shown(value)}: send a list of objects")
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise InputError(f"{where}[{index}] is {shown(item)}: send an object")
    return list(value)


def refuse_unchecked(value: Any, where: str) -> None:
    """Raise InputError when JSON that stood in a text is deeper than a body may be, or holds what no database takes.

    The edge checks a body and cannot see into its texts.
    """
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        found, depth = waiting.pop()
        if depth > MOST_DEPTH:
            raise InputError(f"{where} is nested deeper than {MOST_DEPTH} levels: send less")
        if isinstance(found, dict):
            waiting += [(key, depth) for key in found]
            waiting += [(item, depth + 1) for item in found.values()]
        elif isinstance(found, list):
            waiting += [(item, depth + 1) for item in found]
        elif isinstance(found, str) and "\0" in found:
            raise InputError(f"{where} holds a NUL character (\\u0000): remove it")


def at_the_provider(where: str, kind: Any, served: str) -> InputError:
    """The error for a tool that its provider would run; `served` are the kinds that are."""
    return InputError(
        f"{where}type is {shown(kind)}: only {served} tools are served; one that runs at its provider is outside the "
        "gateway's guards and budget, offline or not: offer a function of your own that does it, and call it yourself"
    )


def shown(value: Any) -> str:
    """A value short enough for a message of one line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def mean(values: Sequence[float]) -> float | None:
    """Of what a reply told of each token, None when it told nothing."""
    return sum(values) / len(values) if values else None
