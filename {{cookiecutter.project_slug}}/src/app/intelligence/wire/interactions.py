"""Requests of Google's Interactions as a client sends them: one input, or the steps of a conversation.

Only clients speak it: requests are read, replies written. Thoughts of earlier steps are left out. Refuses what only
Google could do: remember earlier interactions, run agents and tools of its own, answer later, and media but pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.errors import InputError
from app.intelligence.messages import Message, ModelRequest, Part, Tool, ToolCall
from app.intelligence.wire.fields import Kind, objects, optional, required, shown, texts, within
from app.intelligence.wire.parts import image_from_url, plain
from app.intelligence.wire.tool_arguments import as_text

PROTOCOL = "interactions"

KEPT_ELSEWHERE = ("previous_interaction_id", "continuation_token", "cached_content")
REFUSED = {
    "agent": "name a model",
    "background": "wait for the reply, or stream it",
    "environment": "run code in tools of your own",
    "webhook_config": "wait for the reply, or stream it",
}
_MEDIA_CONFIGS = ("speech_config", "image_config", "video_config", "transcription_config")
_CONFIG_READ = {"max_output_tokens", "temperature", "top_p", "seed", "stop_sequences", "tool_choice", *_MEDIA_CONFIGS}
_CHOICES = {"auto": "auto", "any": "required", "none": "none", "validated": "auto"}
_JSON = "application/json"
_ROLES = {"user": "user_input", "model": "model_output"}


def decode_request(body: Mapping[str, Any]) -> ModelRequest:
    """A client's body as a request. Raises InputError naming the field that is wrong."""
    for field in KEPT_ELSEWHERE:
        if body.get(field):
            raise InputError(f"{field} is kept by another provider: send the whole conversation as the steps of input")
    for field, remedy in REFUSED.items():
        if body.get(field):
            raise InputError(f"{field} is not served here: {remedy}")
    modalities = texts(body.get("response_modalities") or ["text"], "response_modalities")
    if set(modalities) - {"text", "TEXT"}:
        raise InputError(f"response_modalities are {shown(body['response_modalities'])}: only text is served here")
    config = optional(body, "generation_config", Kind.OBJECT) or {}
    for field in _MEDIA_CONFIGS:
        if config.get(field):
            raise InputError(f"generation_config.{field} is not served here: ask for text")
    system = optional(body, "system_instruction", Kind.TEXT)
    schema, json_object = _format(body)
    choice = _choice(config.get("tool_choice"))
    tools = objects(body.get("tools") or [], "tools")
    extra = {key: value for key, value in config.items() if key not in _CONFIG_READ and value is not None}
    return ModelRequest(
        model=required(body, "model", Kind.TEXT),
        messages=(*([Message("system", system)] if system else []), *_messages(body.get("input"))),
        max_output_tokens=within(config, "max_output_tokens", Kind.WHOLE, 1),
        temperature=within(config, "temperature", Kind.NUMBER, 0, 2),
        top_p=within(config, "top_p", Kind.NUMBER, 0, 1),
        seed=optional(config, "seed", Kind.WHOLE, "generation_config."),
        stop=texts(config.get("stop_sequences") or [], "generation_config.stop_sequences"),
        tools=tuple(_tool(tool, f"tools[{i}].") for i, tool in enumerate(tools)),
        tool_choice=choice,
        output_schema=schema,
        json_object=json_object,
        stream=bool(optional(body, "stream", Kind.FLAG)),
        extra={PROTOCOL: extra} if extra else {},
    )


def _messages(given: Any) -> list[Message]:
    """The input, in each of its forms, as messages."""
    if isinstance(given, str):
        return [Message("user", given)]
    if isinstance(given, dict):
        given = [given]
    items = objects(given, "input")
    if not items:
        raise InputError("input is empty: send a text, content or steps")
    if not any(_is_step(item) for item in items):
        return [Message("user", plain([_part(item, f"input[{i}].") for i, item in enumerate(items)]))]
    return _conversation([_step(item, f"input[{i}].") for i, item in enumerate(items)])


def _is_step(item: Mapping[str, Any]) -> bool:
    return "role" in item or str(item.get("type")).endswith(("_input", "_output", "_call", "_result", "thought"))


def _step(item: Mapping[str, Any], where: str) -> Message | None:
    """One step as a message of its own; None for a thought."""
    said_by = optional(item, "role", Kind.TEXT, where)
    kind = _ROLES.get(said_by) if said_by is not None and "type" not in item else item.get("type")
    if kind == "thought":
        return None
    if kind in ("user_input", "model_output"):
        content = item.get("content") or []
        said = [Part("text", content)] if isinstance(content, str) else _parts(content, f"{where}content")
        return Message("user" if kind == "user_input" else "assistant", plain(said))
    if kind == "function_call":
        arguments = as_text(optional(item, "arguments", Kind.OBJECT, where) or {})
        call = ToolCall(required(item, "id", Kind.TEXT, where), required(item, "name", Kind.TEXT, where), arguments)
        return Message("assistant", tool_calls=(call,))
    if kind != "function_result":
        raise InputError(
            f"{where}type is {shown(kind)}: only user_input, model_output, function_call, function_result and thought "
            "are served"
        )
    return Message("tool", _result(item, where), tool_call_id=required(item, "call_id", Kind.TEXT, where))


def _result(item: Mapping[str, Any], where: str) -> str | tuple[Part, ...]:
    result = item.get("result")
    if isinstance(result, str):
        return result
    if isinstance(result, list) and all(isinstance(piece, dict) and "type" in piece for piece in result):
        return plain(_parts(result, f"{where}result"))
    if result is None:
        raise InputError(f"{where}result is missing: send what the function gave")
    return as_text(result)


def _conversation(steps: list[Message | None]) -> list[Message]:
    """What the model said and called in a row is one message."""
    messages: list[Message] = []
    calls: list[ToolCall] = []  # of the newest message

    def finish() -> None:
        if calls:
            messages[-1] = replace(messages[-1], tool_calls=tuple(calls))
            calls.clear()

    for step in steps:
        if step is None:
            continue
        if not (step.role == "assistant" and step.tool_calls and messages and messages[-1].role == "assistant"):
            finish()
            messages.append(step)
        calls += step.tool_calls
    finish()
    return messages


def _parts(content: Any, where: str) -> list[Part]:
    return [_part(piece, f"{where}[{i}].") for i, piece in enumerate(objects(content, where))]


def _part(piece: Mapping[str, Any], where: str) -> Part:
    kind = piece.get("type")
    if kind == "text":
        return Part("text", required(piece, "text", Kind.TEXT, where))
    if kind != "image":
        raise InputError(f"{where}type is {shown(kind)}: only text and image are served")
    data = optional(piece, "data", Kind.TEXT, where)
    if data is None:
        return image_from_url(required(piece, "uri", Kind.TEXT, where), f"{where}uri")
    media_type = required(piece, "mime_type", Kind.TEXT, where)
    data = data.replace("-", "+").replace("_", "/")
    return image_from_url(f"data:{media_type};base64,{data}", f"{where}data")


def _tool(tool: Mapping[str, Any], where: str) -> Tool:
    if tool.get("type") != "function":
        raise InputError(f"{where}type is {shown(tool.get('type'))}: Google's own tools are not served, send functions")
    return Tool(
        name=required(tool, "name", Kind.TEXT, where),
        description=optional(tool, "description", Kind.TEXT, where) or "",
        parameters=optional(tool, "parameters", Kind.OBJECT, where) or {"type": "object", "properties": {}},
    )


def _choice(choice: Any) -> str | None:
    """The choice in our words; of several allowed tools the model may take any that was sent."""
    where = "generation_config.tool_choice"
    allowed: Mapping[str, Any] = {}
    if isinstance(choice, dict):
        allowed = optional(choice, "allowed_tools", Kind.OBJECT, f"{where}.") or {}
        choice = allowed.get("mode")
    if choice is None:
        return None
    if not isinstance(choice, str) or choice not in _CHOICES:
        raise InputError(f"{where} is {shown(choice)}: use {', '.join(_CHOICES)}")
    named = texts(allowed.get("tools") or [], f"{where}.allowed_tools.tools")
    return named[0] if len(named) == 1 and choice == "any" else _CHOICES[choice]


def _format(body: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, bool]:
    """Schema, and whether any JSON is asked for. A format may come in a list, or be a schema itself."""
    wanted = body.get("response_format")
    if isinstance(wanted, list):
        if len(wanted) > 1:
            raise InputError(f"response_format is {shown(wanted)}: one format is served at a time")
        wanted = wanted[0] if wanted else None
    is_json = body.get("response_mime_type") == _JSON
    if wanted is None:
        return None, is_json
    if not isinstance(wanted, dict):
        raise InputError(f"response_format is {shown(wanted)}: send an object")
    kind = wanted.get("type")
    if kind in ("audio", "image", "video"):
        raise InputError(f"response_format.type is {kind!r}: only text is served here")
    if kind != "text":
        return wanted, False
    schema = optional(wanted, "schema", Kind.OBJECT, "response_format.")
    return schema, schema is None and (is_json or wanted.get("mime_type") == _JSON)
