"""The input items of OpenAI's Responses, both ways: messages, calls and their outputs, one item each.

An assistant's text and the calls that follow it are one message of ours. Reasoning of earlier turns is left out.
Refuses items that only OpenAI could read: references to what it keeps, and calls of its own tools.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.errors import InputError
from app.intelligence.messages import Message, Part, ToolCall
from app.intelligence.wire.fields import Kind, objects, optional, required, shown
from app.intelligence.wire.openai_custom import arguments_of, input_of
from app.intelligence.wire.parts import image_from_url, plain

_ROLES: dict[str, Any] = {r: r for r in ("system", "user", "assistant")} | {"developer": "system"}


def encode_items(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """All messages as items."""
    custom = {call.id for message in messages for call in message.tool_calls if call.custom}
    return [item for message in messages for item in _encode_message(message, custom)]


def _encode_message(message: Message, custom: Collection[str]) -> list[dict[str, Any]]:
    """`custom` are the ids of calls of custom tools."""
    if message.role == "tool":
        output = _encode_content(message, "input_text")
        kind = "custom_tool_call_output" if message.tool_call_id in custom else "function_call_output"
        return [{"type": kind, "call_id": message.tool_call_id, "output": output}]
    items: list[dict[str, Any]] = []
    if message.content or not message.tool_calls:
        kind = "output_text" if message.role == "assistant" else "input_text"
        items.append({"type": "message", "role": message.role, "content": _encode_content(message, kind)})
    return items + [_encode_call(call) for call in message.tool_calls]


def _encode_call(call: ToolCall) -> dict[str, Any]:
    named = {"call_id": call.id, "name": call.name}
    if call.custom:
        return {"type": "custom_tool_call", **named, "input": input_of(call.arguments)}
    return {"type": "function_call", **named, "arguments": call.arguments}


def _encode_content(message: Message, text_kind: str) -> str | list[dict[str, Any]]:
    if isinstance(message.content, str):
        return message.content
    return [
        {"type": text_kind, "text": part.text}
        if part.kind == "text"
        else {"type": "input_image", "image_url": part.image_url, "detail": "auto"}
        for part in message.content
    ]


def decode_items(items: Sequence[Mapping[str, Any]]) -> list[Message]:
    """A client's items as messages. Raises InputError naming the field that is wrong."""
    messages: list[Message] = []
    for index, item in enumerate(items):
        where = f"input[{index}]."
        kind = item.get("type") or "message"
        if kind == "message":
            messages.append(_decode_message(item, where))
        elif kind in ("function_call", "custom_tool_call"):
            call = _decode_call(item, where)
            if messages and messages[-1].role == "assistant":
                messages[-1] = replace(messages[-1], tool_calls=(*messages[-1].tool_calls, call))
            else:
                messages.append(Message("assistant", "", (call,)))
        elif kind in ("function_call_output", "custom_tool_call_output"):
            call_id = required(item, "call_id", Kind.TEXT, where)
            messages.append(Message("tool", _decode_content(item, "output", where), tool_call_id=call_id))
        elif kind != "reasoning":
            raise InputError(
                f"{where}type is {shown(kind)}: use message, function_call, custom_tool_call or the output of one"
            )
    return messages


def _decode_message(item: Mapping[str, Any], where: str) -> Message:
    name = required(item, "role", Kind.TEXT, where)
    role = _ROLES.get(name)
    if role is None:
        raise InputError(f"{where}role is {name!r}: use one of {', '.join(_ROLES)}")
    return Message(role, _decode_content(item, "content", where))


def _decode_call(item: Mapping[str, Any], where: str) -> ToolCall:
    id, name = required(item, "call_id", Kind.TEXT, where), required(item, "name", Kind.TEXT, where)
    if item["type"] == "custom_tool_call":
        return ToolCall(id, name, arguments_of(required(item, "input", Kind.TEXT, where)), custom=True)
    return ToolCall(
        id=id,
        name=name,
        arguments=optional(item, "arguments", Kind.TEXT, where) or "{}",
    )


def _decode_content(item: Mapping[str, Any], key: str, where: str) -> str | tuple[Part, ...]:
    content = item.get(key)
    if isinstance(content, str):
        return content
    if content is None:
        raise InputError(f"{where}{key} is missing: send a string or a list of parts")
    parts = objects(content, f"{where}{key}")
    return plain([_decode_part(part, f"{where}{key}[{i}].") for i, part in enumerate(parts)])


def _decode_part(part: Mapping[str, Any], where: str) -> Part:
    kind = part.get("type")
    if kind in ("input_text", "output_text", "text"):
        return Part("text", required(part, "text", Kind.TEXT, where))
    if kind == "refusal":
        return Part("text", required(part, "refusal", Kind.TEXT, where))
    if kind != "input_image":
        raise InputError(f"{where}type is {shown(kind)}: only text and input_image are served")
    return image_from_url(required(part, "image_url", Kind.TEXT, where), f"{where}image_url")
