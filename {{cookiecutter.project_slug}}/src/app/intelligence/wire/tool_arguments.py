"""Arguments of tool calls where a protocol holds a JSON object instead of the model's own text."""

from __future__ import annotations

from typing import Any

import orjson

from app.errors import ProviderRefusedError
from app.intelligence.messages import ToolCall
from app.intelligence.wire.fields import shown


def as_object(call: ToolCall) -> dict[str, Any]:
    """The arguments for a provider. Raises ProviderRefusedError when they are no object."""
    value = _parsed(call.arguments)
    if not isinstance(value, dict):
        raise ProviderRefusedError(
            f"tool call {call.id} has arguments {shown(call.arguments)}: this protocol takes a JSON object only"
        )
    return value


def shown_object(arguments: str) -> dict[str, Any]:
    """The arguments for a client; text that is no object is shown under `arguments`."""
    value = _parsed(arguments)
    return value if isinstance(value, dict) else {"arguments": arguments}


def as_text(arguments: Any) -> str:
    """An object's JSON text."""
    return orjson.dumps(arguments).decode()


def _parsed(arguments: str) -> Any:
    try:
        return orjson.loads(arguments or b"{}")
    except orjson.JSONDecodeError:
        return None
