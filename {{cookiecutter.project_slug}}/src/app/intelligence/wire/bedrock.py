"""Requests of Amazon Bedrock's Converse as a client sends them; the model stands in the address.

Only clients speak it: requests are read, replies written. Thinking blocks of earlier turns are left out. Refuses what
no other provider could be given (documents, video, audio, tools that run on Amazon's side) and what would promise
something nobody keeps here: guardrails and prompts kept at Amazon.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from app.errors import InputError
from app.intelligence.messages import Message, ModelRequest, Part, Role, Tool, ToolCall
from app.intelligence.wire.anthropic_cache import MARK
from app.intelligence.wire.fields import Kind, objects, optional, refuse_unchecked, required, shown, texts, within
from app.intelligence.wire.parts import plain
from app.intelligence.wire.tool_arguments import as_text

PROTOCOL = "bedrock"

_REFUSED = ("guardrailConfig", "promptVariables")
_ROLES: Mapping[str, Role] = {"user": "user", "assistant": "assistant", "system": "system"}
_CHOICES = {"auto": "auto", "any": "required"}
_FORMATS = ("png", "jpeg", "gif", "webp")
# What an assistant said of its way to the answer, and marks; the answer itself stands in other blocks.
_SILENT = ("reasoningContent",)
_SERVED = "only text, image, toolUse and toolResult are served"


def decode_request(body: Mapping[str, Any], *, model: str, stream: bool) -> ModelRequest:
    """A client's body as a request. Raises InputError naming the field that is wrong."""
    for field in _REFUSED:
        if body.get(field):
            raise InputError(f"{field} is not served here: it is kept at Amazon, send what it stands for in messages")
    messages = _system(body.get("system"))
    for index, turn in enumerate(objects(required(body, "messages", Kind.LIST), "messages")):
        messages += _turn(turn, f"messages[{index}].")
    if all(message.role == "system" for message in messages):
        raise InputError("messages is empty: send at least one message")
    config = optional(body, "inferenceConfig", Kind.OBJECT) or {}
    tools, choice = _tools(optional(body, "toolConfig", Kind.OBJECT) or {})
    return ModelRequest(
        model=model,
        messages=tuple(messages),
        max_output_tokens=within(config, "maxTokens", Kind.WHOLE, 1),
        temperature=within(config, "temperature", Kind.NUMBER, 0, 1),
        top_p=within(config, "topP", Kind.NUMBER, 0, 1),
        stop=texts(config.get("stopSequences") or [], "inferenceConfig.stopSequences"),
        tools=tools,
        tool_choice=choice,
        output_schema=_schema(optional(body, "outputConfig", Kind.OBJECT) or {}),
        stream=stream,
        extra=_extra(optional(body, "additionalModelRequestFields", Kind.OBJECT), model),
    )


def _extra(fields: Mapping[str, Any] | None, model: str) -> dict[str, Any]:
    """The model's own fields: those of Claude are fields of Anthropic's Messages."""
    if not fields:
        return {}
    return {"anthropic" if "anthropic" in model else PROTOCOL: dict(fields)}


def _system(system: Any) -> list[Message]:
    parts = _parts(objects(system or [], "system"), "system")
    if any(part.kind != "text" for part in parts):
        raise InputError("system holds a picture: only text is served there, send pictures in messages")
    return [Message("system", (part,) if part.mark else part.text) for part in parts]


def _turn(turn: Mapping[str, Any], where: str) -> list[Message]:
    """One turn as messages: its tool results first, one message each, then what else it says."""
    role = _ROLES.get(required(turn, "role", Kind.TEXT, where))
    if role is None:
        raise InputError(f"{where}role is {turn['role']!r}: use user or assistant")
    blocks = objects(required(turn, "content", Kind.LIST, where), f"{where}content")
    results: list[Message] = []
    calls: list[ToolCall] = []
    others: list[Mapping[str, Any]] = []
    for index, block in enumerate(blocks):
        place = f"{where}content[{index}]."
        if block.get("toolResult") is not None and role == "user":
            results.append(_result(required(block, "toolResult", Kind.OBJECT, place), f"{place}toolResult."))
        elif block.get("toolUse") is not None and role == "assistant":
            calls.append(_call(required(block, "toolUse", Kind.OBJECT, place), f"{place}toolUse."))
        elif not any(block.get(kind) is not None for kind in _SILENT):
            others.append(block)
    parts = _parts(others, f"{where}content")
    if parts or calls or not results:
        results.append(Message(role, plain(parts) if _unmarked(parts) else tuple(parts), tool_calls=tuple(calls)))
    return results


def _unmarked(parts: list[Part]) -> bool:
    return all(part.mark is None for part in parts)


def _parts(blocks: list[Any], where: str) -> list[Part]:
    """Texts and pictures; a cache point marks the one before it."""
    parts: list[Part] = []
    for index, block in enumerate(blocks):
        place = f"{where}[{index}]."
        point = optional(block, "cachePoint", Kind.OBJECT, place)
        if point is None:
            parts.append(_part(block, place))
        elif parts:
            parts[-1] = replace(parts[-1], mark=_mark(point))
    return parts


def _mark(point: Mapping[str, Any]) -> dict[str, Any]:
    return {**MARK, "ttl": point["ttl"]} if point.get("ttl") else dict(MARK)


def _part(block: Mapping[str, Any], where: str) -> Part:
    if block.get("text") is not None:
        return Part("text", required(block, "text", Kind.TEXT, where))
    if block.get("guardContent") is not None:
        where = f"{where}guardContent."
        guarded = required(required(block, "guardContent", Kind.OBJECT, where), "text", Kind.OBJECT, where)
        return Part("text", required(guarded, "text", Kind.TEXT, f"{where}text."))
    if block.get("citationsContent") is not None:
        said = required(block, "citationsContent", Kind.OBJECT, where).get("content") or []
        return Part("text", "".join(str(piece.get("text") or "") for piece in objects(said, f"{where}content")))
    if block.get("image") is None:
        raise InputError(f"{where[:-1]} holds {shown(sorted(block))}: {_SERVED}")
    image = required(block, "image", Kind.OBJECT, where)
    where = f"{where}image."
    source = required(image, "source", Kind.OBJECT, where)
    if source.get("bytes") is None:
        raise InputError(f"{where}source has no bytes: send the picture itself, files at Amazon are out of reach here")
    kind = required(image, "format", Kind.TEXT, where)
    if kind not in _FORMATS:
        raise InputError(f"{where}format is {kind!r}: use one of {', '.join(_FORMATS)}")
    return Part("image", image_url=f"data:image/{kind};base64,{required(source, 'bytes', Kind.TEXT, where)}")


def _call(use: Mapping[str, Any], where: str) -> ToolCall:
    given = use.get("input")
    return ToolCall(
        required(use, "toolUseId", Kind.TEXT, where),
        required(use, "name", Kind.TEXT, where),
        as_text({} if given is None else given),
    )


def _result(result: Mapping[str, Any], where: str) -> Message:
    blocks = objects(required(result, "content", Kind.LIST, where), f"{where}content")
    parts = [
        Part("text", as_text(block["json"])) if block.get("json") is not None else _part(block, f"{where}content[{i}].")
        for i, block in enumerate(blocks)
    ]
    return Message("tool", plain(parts), tool_call_id=required(result, "toolUseId", Kind.TEXT, where))


def _tools(config: Mapping[str, Any]) -> tuple[tuple[Tool, ...], str | None]:
    tools: list[Tool] = []
    for index, entry in enumerate(objects(config.get("tools") or [], "toolConfig.tools")):
        where = f"toolConfig.tools[{index}]."
        point = optional(entry, "cachePoint", Kind.OBJECT, where)
        if point is None:
            tools.append(_tool(entry, where))
        elif tools:
            tools[-1] = replace(tools[-1], mark=_mark(point))
    choice = optional(config, "toolChoice", Kind.OBJECT, "toolConfig.")
    if choice is None:
        return tuple(tools), None
    if choice.get("tool") is not None:
        named = required(choice, "tool", Kind.OBJECT, "toolConfig.toolChoice.")
        return tuple(tools), required(named, "name", Kind.TEXT, "toolConfig.toolChoice.tool.")
    chosen = next((_CHOICES[kind] for kind in _CHOICES if choice.get(kind) is not None), None)
    if chosen is None:
        raise InputError(f"toolConfig.toolChoice is {shown(choice)}: use auto, any or tool")
    return tuple(tools), chosen


def _tool(entry: Mapping[str, Any], where: str) -> Tool:
    if entry.get("toolSpec") is None:
        raise InputError(f"{where[:-1]} holds {shown(sorted(entry))}: only toolSpec is served, send tools of your own")
    spec = required(entry, "toolSpec", Kind.OBJECT, where)
    where = f"{where}toolSpec."
    schema = required(spec, "inputSchema", Kind.OBJECT, where)
    return Tool(
        name=required(spec, "name", Kind.TEXT, where),
        description=optional(spec, "description", Kind.TEXT, where) or "",
        parameters=required(schema, "json", Kind.OBJECT, f"{where}inputSchema."),
        strict=bool(optional(spec, "strict", Kind.FLAG, where)),
    )


def _schema(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of the reply, which the protocol holds as a text."""
    wanted = optional(config, "textFormat", Kind.OBJECT, "outputConfig.")
    if wanted is None:
        return None
    where = "outputConfig.textFormat."
    if wanted.get("type") != "json_schema":
        raise InputError(f"{where}type is {shown(wanted.get('type'))}: use json_schema")
    structure = required(wanted, "structure", Kind.OBJECT, where)
    text = required(
        required(structure, "jsonSchema", Kind.OBJECT, f"{where}structure."), "schema", Kind.TEXT, f"{where}jsonSchema."
    )
    try:
        schema = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{where}structure.jsonSchema.schema is no JSON ({error}): send a JSON Schema") from None
    if not isinstance(schema, dict):
        raise InputError(f"{where}structure.jsonSchema.schema is {shown(schema)}: send an object")
    refuse_unchecked(schema, f"{where}structure.jsonSchema.schema")
    return schema
