"""The messages of Cohere's chat (v2), both ways. What an assistant says beside its calls is called its plan.

Thoughts and citations of earlier turns are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from app.errors import InputError
from app.intelligence.messages import Message, Part, ToolCall
from app.intelligence.wire.fields import Kind, objects, optional, required, shown
from app.intelligence.wire.parts import image_from_url, only_text, plain

_ROLES: dict[str, Any] = {role: role for role in ("system", "user", "assistant", "tool")}


def encode_message(message: Message) -> dict[str, Any]:
    """One message. Raises ProviderRefusedError for images anywhere but with a user."""
    if message.role == "user" and not isinstance(message.content, str):
        return {"role": "user", "content": [_encode_part(part) for part in message.content]}
    said = only_text(message, f"a message of the role {message.role}")
    if message.tool_calls:
        calls = [encode_call(call) for call in message.tool_calls]
        return {"role": message.role, "tool_calls": calls} | ({"tool_plan": said} if said else {})
    encoded: dict[str, Any] = {"role": message.role, "content": said}
    if message.tool_call_id is not None:
        encoded["tool_call_id"] = message.tool_call_id
    return encoded


def _encode_part(part: Part) -> dict[str, Any]:
    if part.kind == "image":
        return {"type": "image_url", "image_url": {"url": part.image_url}}
    return {"type": "text", "text": part.text}


def encode_call(call: ToolCall) -> dict[str, Any]:
    """A call the model made, as it stands in requests and replies alike."""
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def decode_message(message: Mapping[str, Any], where: str) -> Message:
    """One message of a client. Raises InputError naming the field that is wrong."""
    name = required(message, "role", Kind.TEXT, where)
    role = _ROLES.get(name)
    if role is None:
        raise InputError(f"{where}role is {name!r}: use one of {', '.join(_ROLES)}")
    calls = objects(message.get("tool_calls") or [], f"{where}tool_calls")
    content = message.get("content")
    if content is None and role == "assistant":
        content = optional(message, "tool_plan", Kind.TEXT, where) or ""
    return Message(
        role=role,
        content=content if isinstance(content, str) else _decode_parts(content, f"{where}content"),
        tool_calls=tuple(_decode_call(call, f"{where}tool_calls[{i}].") for i, call in enumerate(calls)),
        tool_call_id=required(message, "tool_call_id", Kind.TEXT, where) if role == "tool" else None,
    )


def _decode_parts(content: Any, where: str) -> str | tuple[Part, ...]:
    parts = objects(content, where)
    return plain([_decode_part(p, f"{where}[{i}].") for i, p in enumerate(parts) if p.get("type") != "thinking"])


def _decode_part(part: Mapping[str, Any], where: str) -> Part:
    kind = part.get("type")
    if kind == "text":
        return Part("text", required(part, "text", Kind.TEXT, where))
    if kind == "document":
        document = required(part, "document", Kind.OBJECT, where)
        data = document.get("data")
        return Part("text", data if isinstance(data, str) else orjson.dumps(data).decode())
    if kind != "image_url":
        raise InputError(f"{where}type is {shown(kind)}: only text, image_url and a tool's document are served")
    image = required(part, "image_url", Kind.OBJECT, where)
    return image_from_url(required(image, "url", Kind.TEXT, f"{where}image_url."), f"{where}image_url.url")


def _decode_call(call: Mapping[str, Any], where: str) -> ToolCall:
    function = required(call, "function", Kind.OBJECT, where)
    return ToolCall(
        id=required(call, "id", Kind.TEXT, where),
        name=required(function, "name", Kind.TEXT, f"{where}function."),
        arguments=optional(function, "arguments", Kind.TEXT, f"{where}function.") or "{}",
    )
