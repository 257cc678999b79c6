"""Numbers and texts brought within the bounds that a JSON Schema sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What one text may hold, whatever a schema demands.
LONGEST_TEXT = 100_000


def bounded(value: float, schema: Mapping[str, Any], *, whole: bool) -> float:
    """The number within the schema's bounds."""
    step = float(schema.get("multipleOf") or (1 if whole else 0))
    if isinstance(low := schema.get("minimum"), int | float):
        value = max(value, low)
    if isinstance(high := schema.get("maximum"), int | float):
        value = min(value, high)
    if isinstance(low := schema.get("exclusiveMinimum"), int | float) and value <= low:
        value = low + (step or 0.5)
    if isinstance(high := schema.get("exclusiveMaximum"), int | float) and value >= high:
        value = high - (step or 0.5)
    if step and value % step:
        value -= value % step
        if isinstance(low := schema.get("minimum"), int | float) and value < low:
            value += step
    return int(value) if whole else value


def of_length(text: str, schema: Mapping[str, Any]) -> str:
    """The text as long as the schema wants it, dots behind one that is too short."""
    if isinstance(most := schema.get("maxLength"), int):
        text = text[:most]
    return text.ljust(min(int(schema.get("minLength", 0)), LONGEST_TEXT), ".")
