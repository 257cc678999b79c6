"""OpenAI's retired way to call tools, `functions` and `function_call`: bodies read as today's, replies told back so.

A call had no id then, and a reply held one call: results answer the call before them, and parallel calls are asked off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import InputError
from app.intelligence.wire.fields import Kind, objects, optional, required, shown

# Fields of the retired way in a body.
FIELDS = ("functions", "function_call")


def is_retired(body: Mapping[str, Any]) -> bool:
    """Whether the client offers functions in the retired way, and reads calls of it."""
    return bool(body.get("functions"))


def modern(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body in the words of today; itself when it uses none of the retired ones. Raises InputError."""
    messages = body.get("messages")
    told = isinstance(messages, list) and any(
        isinstance(m, dict) and (m.get("role") == "function" or m.get("function_call")) for m in messages
    )
    if not told and not any(body.get(field) for field in FIELDS):
        return body
    changed = {name: value for name, value in body.items() if name not in FIELDS}
    if told:
        changed["messages"] = _messages(objects(messages, "messages"))
    functions = objects(body.get("functions") or [], "functions")
    choice = body.get("function_call")
    if functions and body.get("tools"):
        raise InputError("functions and tools are both sent: send tools alone")
    if choice is not None and not functions:
        raise InputError("function_call is sent without functions: send functions, or tools and tool_choice")
    if functions:
        changed["tools"] = [{"type": "function", "function": function} for function in functions]
        changed["parallel_tool_calls"] = False
    if choice is not None:
        changed["tool_choice"] = _choice(choice)
    return changed


def _choice(choice: Any) -> Any:
    if choice in ("auto", "none"):
        return choice
    if not isinstance(choice, dict):
        raise InputError(f"function_call is {shown(choice)}: send auto, none or the name of one function")
    return {"type": "function", "function": {"name": required(choice, "name", Kind.TEXT, "function_call.")}}


def _messages(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The conversation with an id for each call, the same whenever it is sent."""
    changed: list[Mapping[str, Any]] = []
    open_call: str | None = None
    for index, message in enumerate(messages):
        where = f"messages[{index}]."
        call = optional(message, "function_call", Kind.OBJECT, where)
        if call is not None:
            open_call = f"call_{index}"
            kept = {name: value for name, value in message.items() if name != "function_call"}
            changed.append({**kept, "tool_calls": [{"id": open_call, "type": "function", "function": call}]})
        elif message.get("role") == "function":
            if open_call is None:
                raise InputError(f"{where}role is function, and no call stands before it: send the call's message too")
            name = required(message, "name", Kind.TEXT, where)
            content = message.get("content")
            changed.append({"role": "tool", "tool_call_id": open_call, "name": name, "content": content or ""})
        else:
            changed.append(message)
    return changed


def retired_reply(encoded: Mapping[str, Any]) -> dict[str, Any]:
    """An encoded reply of today as the retired way tells it: the first call of each choice, and no other."""
    return {**encoded, "choices": [_choice_of_reply(choice) for choice in encoded["choices"]]}


def _choice_of_reply(choice: Mapping[str, Any]) -> dict[str, Any]:
    message = dict(choice["message"])
    calls = message.pop("tool_calls", ())
    if calls:
        message["function_call"] = calls[0]["function"]
    ended = choice["finish_reason"]
    return {**choice, "message": message, "finish_reason": "function_call" if ended == "tool_calls" else ended}
