"""The messages and tools of Ollama's chat, both ways: text beside bare pictures, results under the tool's name.

Older clients send no ids with calls and results; `call_matching` says which belongs to which. Thoughts of earlier turns
are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import InputError, ProviderRefusedError
from app.intelligence.messages import Message, Part, Tool, ToolCall
from app.intelligence.wire.call_matching import OpenCalls, names_of_calls
from app.intelligence.wire.fields import Kind, objects, optional, required, shown, texts
from app.intelligence.wire.parts import image_from_base64, inline, parts_of, plain
from app.intelligence.wire.tool_arguments import as_object, as_text

_ROLES: dict[str, Any] = {role: role for role in ("system", "user", "assistant", "tool")}


def encode_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """All messages. Raises ProviderRefusedError for pictures that would have to be fetched."""
    names = names_of_calls(messages)
    return [_encode_message(message, names) for message in messages]


def _encode_message(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    encoded: dict[str, Any] = {"role": message.role, "content": message.text}
    pictures = [_bare(part) for part in parts_of(message) if part.kind == "image"]
    if pictures:
        encoded["images"] = pictures
    if message.tool_calls:
        encoded["tool_calls"] = [
            {"id": call.id, "function": {"name": call.name, "arguments": as_object(call)}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        encoded["tool_call_id"] = message.tool_call_id
        name = names.get(message.tool_call_id) or message.name
        if name is not None:
            encoded["tool_name"] = name
    return encoded


def _bare(part: Part) -> str:
    held = inline(part.image_url)
    if held is None:
        raise ProviderRefusedError(
            f"image {shown(part.image_url)} would have to be fetched: this protocol takes data:image/...;base64, only"
        )
    return held[1]


def decode_messages(messages: Sequence[Mapping[str, Any]]) -> list[Message]:
    """A client's messages. Raises InputError naming the field that is wrong."""
    calls = OpenCalls()
    return [_decode_message(message, f"messages[{i}].", calls) for i, message in enumerate(messages)]


def _decode_message(message: Mapping[str, Any], where: str, calls: OpenCalls) -> Message:
    name = required(message, "role", Kind.TEXT, where)
    role = _ROLES.get(name)
    if role is None:
        raise InputError(f"{where}role is {name!r}: use one of {', '.join(_ROLES)}")
    said = optional(message, "content", Kind.TEXT, where) or ""
    parts = [Part("text", said)] if said else []
    pictures = texts(message.get("images") or [], f"{where}images")
    parts += [image_from_base64(picture, f"{where}images[{i}]") for i, picture in enumerate(pictures)]
    made = objects(message.get("tool_calls") or [], f"{where}tool_calls")
    answered = None
    if role == "tool":
        tool = optional(message, "tool_name", Kind.TEXT, where) or optional(message, "name", Kind.TEXT, where)
        answered = calls.answered(optional(message, "tool_call_id", Kind.TEXT, where), tool, where[:-1])
    return Message(
        role=role,
        content=plain(parts),
        tool_calls=tuple(_decode_call(call, f"{where}tool_calls[{i}].", calls) for i, call in enumerate(made)),
        tool_call_id=answered,
    )


def _decode_call(call: Mapping[str, Any], where: str, calls: OpenCalls) -> ToolCall:
    function = required(call, "function", Kind.OBJECT, where)
    name = required(function, "name", Kind.TEXT, f"{where}function.")
    arguments = as_text(optional(function, "arguments", Kind.OBJECT, f"{where}function.") or {})
    return ToolCall(calls.called(optional(call, "id", Kind.TEXT, where), name), name, arguments)


def encode_tool(tool: Tool) -> dict[str, Any]:
    """A tool's definition; strictness has no field here."""
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}
