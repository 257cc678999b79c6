"""Requests of Anthropic's Messages, both ways: as `ModelRequest` and as JSON.

`seed` and message names do not exist here and are left out; thinking blocks of earlier turns too. Refuses content that
no other provider could be given: documents, files, server tools. Other fields travel in `extra["anthropic"]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.errors import InputError
from app.intelligence.messages import Message, ModelRequest, Part, ToolCall
from app.intelligence.wire.anthropic_cache import mark_stable
from app.intelligence.wire.anthropic_tools import (
    ANY_OBJECT,
    SCHEMA_TOOL,
    decode_output_config,
    decode_tool,
    decode_tool_choice,
    encode_tools,
)
from app.intelligence.wire.documented import MESSAGES
from app.intelligence.wire.fields import Kind, objects, optional, required, shown, texts, within
from app.intelligence.wire.parts import inline
from app.intelligence.wire.reaching import one_tool_at_a_time
from app.intelligence.wire.tool_arguments import as_object, as_text

PROTOCOL = "anthropic"
PATH = "/v1/messages"
VERSION = "2023-06-01"
# The protocol demands a limit; this one holds where the request names none.
DEFAULT_MAX_TOKENS = 4096

_OPTIONS = ("temperature", "top_p", "stop_sequences", "stream", "output_config")
_READ = {"model", "messages", "system", "max_tokens", "tools", "tool_choice", *_OPTIONS, *MESSAGES.refused}


def auth_headers(api_key: str) -> dict[str, str]:
    """How a key is shown to a server of this protocol."""
    return {"x-api-key": api_key}


def encode_request(request: ModelRequest) -> dict[str, Any]:
    """The JSON body. Raises ProviderRefusedError for what the protocol cannot say."""
    limit = request.max_output_tokens
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": DEFAULT_MAX_TOKENS if limit is None else limit,
        "messages": _encode_turns(request.messages),
    }
    system = [block for m in request.messages if m.role == "system" for block in _encode_content(m.content)]
    if system:
        plain = len(system) == 1 and not request.stable_messages and "cache_control" not in system[0]
        body["system"] = system[0]["text"] if plain else system
    if request.stable_messages:
        mark_stable(body, request)
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.top_p is not None:
        body["top_p"] = request.top_p
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    if request.stream:
        body["stream"] = True
    extra = dict(request.extra.get(PROTOCOL, {}))
    extra.pop("disable_parallel_tool_use", None)
    single = one_tool_at_a_time(request.extra)
    tools, choice = encode_tools(request)
    if tools:
        body["tools"] = tools
        if single is not None:
            choice = {**(choice or {"type": "auto"}), "disable_parallel_tool_use": single}
    if choice is not None:
        body["tool_choice"] = choice
    body.update(extra)
    return body


def decode_request(body: Mapping[str, Any]) -> ModelRequest:
    """A client's body as a request. Raises InputError naming the field that is wrong."""
    MESSAGES.refuse(body)
    turns = objects(required(body, "messages", Kind.LIST), "messages")
    if not turns:
        raise InputError("messages is empty: send at least one message")
    messages = _decode_system(body.get("system"))
    for index, turn in enumerate(turns):
        messages += _decode_turn(turn, f"messages[{index}].")
    extra = {key: value for key, value in body.items() if key not in _READ and value is not None}
    schema, settings = decode_output_config(optional(body, "output_config", Kind.OBJECT) or {})
    tools = [decode_tool(t, f"tools[{i}].") for i, t in enumerate(objects(body.get("tools") or [], "tools"))]
    choice, single = decode_tool_choice(optional(body, "tool_choice", Kind.OBJECT))
    stand_in = next((tool for tool in tools if tool.name == SCHEMA_TOOL), None)
    if stand_in is not None:
        tools.remove(stand_in)
        schema = stand_in.parameters
        choice = None if tools and choice == "required" else "none" if tools else None
    if settings:
        extra["output_config"] = settings
    if single is not None:
        extra["disable_parallel_tool_use"] = single
    return ModelRequest(
        model=required(body, "model", Kind.TEXT),
        messages=tuple(messages),
        max_output_tokens=within(body, "max_tokens", Kind.WHOLE, 1) or required(body, "max_tokens", Kind.WHOLE),
        temperature=within(body, "temperature", Kind.NUMBER, 0, 1),
        top_p=within(body, "top_p", Kind.NUMBER, 0, 1),
        stop=texts(body.get("stop_sequences") or [], "stop_sequences"),
        tools=tuple(tools),
        tool_choice=choice,
        output_schema=None if schema == ANY_OBJECT else schema,
        json_object=schema == ANY_OBJECT,
        stream=bool(optional(body, "stream", Kind.FLAG)),
        extra={PROTOCOL: extra} if extra else {},
    )


def _encode_turns(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    """Messages but the system's; neighbouring tool results share one turn, as the protocol demands."""
    turns: list[dict[str, Any]] = []
    previous = ""
    for message in messages:
        if message.role == "tool":
            content = message.content if isinstance(message.content, str) else _encode_content(message.content)
            result = {"type": "tool_result", "tool_use_id": message.tool_call_id, "content": content}
            if previous == "tool":
                turns[-1]["content"].append(result)
            else:
                turns.append({"role": "user", "content": [result]})
        elif message.role != "system":
            turns.append({"role": message.role, "content": _encode_said(message)})
        previous = message.role
    return turns


def _encode_said(message: Message) -> str | list[dict[str, Any]]:
    if isinstance(message.content, str) and not message.tool_calls:
        return message.content
    said = _encode_content(message.content)
    return said + [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": as_object(call)} for call in message.tool_calls
    ]


def _encode_content(content: str | tuple[Part, ...]) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return [_encode_part(part) for part in content]


def _encode_part(part: Part) -> dict[str, Any]:
    encoded = _encode_piece(part)
    return encoded if part.mark is None else {**encoded, "cache_control": dict(part.mark)}


def _encode_piece(part: Part) -> dict[str, Any]:
    if part.kind == "text":
        return {"type": "text", "text": part.text}
    held = inline(part.image_url)
    if held is None:
        return {"type": "image", "source": {"type": "url", "url": part.image_url}}
    return {"type": "image", "source": {"type": "base64", "media_type": held[0], "data": held[1]}}


def _decode_system(system: Any) -> list[Message]:
    if system is None or system == "":
        return []
    if isinstance(system, str):
        return [Message("system", system)]
    blocks = objects(system, "system")
    return [
        Message("system", (_decode_part(block, f"system[{i}]."),))
        if block.get("cache_control")
        else Message("system", required(block, "text", Kind.TEXT, f"system[{i}]."))
        for i, block in enumerate(blocks)
    ]


def _decode_turn(turn: Mapping[str, Any], where: str) -> list[Message]:
    """One turn as messages: its tool results first, one message each, then what else it says."""
    role = required(turn, "role", Kind.TEXT, where)
    if role not in ("user", "assistant", "system"):
        raise InputError(f"{where}role is {role!r}: use user or assistant")
    content = turn.get("content")
    if isinstance(content, str):
        return [Message(role, content)]
    messages: list[Message] = []
    parts: list[Part] = []
    calls: list[ToolCall] = []
    blocks = objects(content, f"{where}content")
    for index, block in enumerate(blocks):
        place = f"{where}content[{index}]."
        kind = block.get("type")
        if kind == "tool_result" and role == "user":
            messages.append(_decode_tool_result(block, place))
        elif kind == "tool_use" and role == "assistant":
            calls.append(_decode_tool_use(block, place))
        elif kind not in ("thinking", "redacted_thinking") or role != "assistant":
            parts.append(_decode_part(block, place))
    if parts or calls or not messages:
        messages.append(Message(role, _plain(parts, alone=bool(calls)), tool_calls=tuple(calls)))
    return messages


def _plain(parts: list[Part], *, alone: bool) -> str | tuple[Part, ...]:
    """Text beside tool calls is a plain string, as the other protocol has it."""
    if not parts:
        return ""
    return parts[0].text if alone and len(parts) == 1 and parts[0].kind == "text" else tuple(parts)


def _decode_tool_result(block: Mapping[str, Any], where: str) -> Message:
    content = block.get("content") or ""
    if not isinstance(content, str):
        blocks = objects(content, f"{where}content")
        content = tuple(_decode_part(part, f"{where}content[{i}].") for i, part in enumerate(blocks))
    return Message("tool", content, tool_call_id=required(block, "tool_use_id", Kind.TEXT, where))


def _decode_tool_use(block: Mapping[str, Any], where: str) -> ToolCall:
    arguments = as_text(required(block, "input", Kind.OBJECT, where))
    return ToolCall(required(block, "id", Kind.TEXT, where), required(block, "name", Kind.TEXT, where), arguments)


def _decode_part(block: Mapping[str, Any], where: str) -> Part:
    part = _decode_piece(block, where)
    mark = optional(block, "cache_control", Kind.OBJECT, where)
    return part if mark is None else replace(part, mark=mark)


def _decode_piece(block: Mapping[str, Any], where: str) -> Part:
    kind = block.get("type")
    if kind == "text":
        return Part("text", required(block, "text", Kind.TEXT, where))
    if kind != "image":
        raise InputError(f"{where}type is {shown(kind)}: only text, image, tool_use and tool_result are served")
    source = required(block, "source", Kind.OBJECT, where)
    where = f"{where}source."
    if source.get("type") == "url":
        return Part("image", image_url=required(source, "url", Kind.TEXT, where))
    if source.get("type") != "base64":
        raise InputError(f"{where}type is {shown(source.get('type'))}: use url or base64")
    media_type = required(source, "media_type", Kind.TEXT, where)
    return Part("image", image_url=f"data:{media_type};base64,{required(source, 'data', Kind.TEXT, where)}")
