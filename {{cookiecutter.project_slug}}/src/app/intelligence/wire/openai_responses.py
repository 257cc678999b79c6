"""Requests of OpenAI's Responses, both ways: as `ModelRequest` and as JSON. Replies are in `openai_responses_reply`.

`seed` does not exist here and is left out. Refuses what only OpenAI could do: remember earlier responses, run tools of
its own, answer later. Other fields travel in `extra["responses"]`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import InputError, ProviderRefusedError
from app.intelligence.messages import Message, ModelRequest, Tool
from app.intelligence.wire.documented import RESPONSES
from app.intelligence.wire.fields import Kind, at_the_provider, objects, optional, required, shown, texts, within
from app.intelligence.wire.openai_chat import MOST_TOP
from app.intelligence.wire.openai_chat_tools import allowed
from app.intelligence.wire.openai_custom import custom_names, decode_custom_tool, encode_custom_tool
from app.intelligence.wire.openai_responses_items import decode_items, encode_items
from app.intelligence.wire.reaching import for_responses

PROTOCOL = "responses"
PATH = "/responses"
# The protocol demands a name for an output schema; this one is for those that came without.
SCHEMA_NAME = "reply"

# What a client includes to have the log probabilities told.
LOGPROBS = "message.output_text.logprobs"

_OPTIONS = ("max_output_tokens", "temperature", "top_p", "tools", "tool_choice", "text", "stream", "store")
_READ = {"model", "input", "instructions", "include", "top_logprobs", *RESPONSES.refused, *_OPTIONS}


def encode_request(request: ModelRequest) -> dict[str, Any]:
    """The JSON body; nothing is kept at the provider. Raises ProviderRefusedError for what the protocol cannot say."""
    if request.stop:
        raise ProviderRefusedError(f"stop is {list(request.stop)}: this protocol has no stop sequences")
    messages = request.messages
    body: dict[str, Any] = {
        "model": request.model,
        "max_output_tokens": request.max_output_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "tools": [_encode_tool(tool) for tool in request.tools] or None,
        "tool_choice": _encode_tool_choice(request.tool_choice, request.tools),
        "stream": request.stream or None,
        "top_logprobs": request.top_logprobs or None,
    }
    if messages and messages[0].role == "system" and isinstance(messages[0].content, str):
        body["instructions"] = messages[0].content
        messages = messages[1:]
    body["input"] = encode_items(messages)
    extra = for_responses(request.extra)
    include = [*extra.pop("include", ()), *([LOGPROBS] if request.logprobs else ())]
    if include:
        body["include"] = include
    text = _encode_text(request, extra.pop("text", {}))
    if text:
        body["text"] = text
    return {"store": False} | {key: value for key, value in body.items() if value is not None} | extra


def decode_request(body: Mapping[str, Any]) -> ModelRequest:
    """A client's body as a request. Raises InputError naming the field that is wrong."""
    RESPONSES.refuse(body)
    instructions = optional(body, "instructions", Kind.TEXT)
    system = [Message("system", instructions)] if instructions else []
    extra = {key: value for key, value in body.items() if key not in _READ and value is not None}
    included = texts(body.get("include") or [], "include")
    if others := [name for name in included if name != LOGPROBS]:
        extra["include"] = others
    top = within(body, "top_logprobs", Kind.WHOLE, 0, MOST_TOP) or 0
    if body.get("store"):
        extra["store"] = True
    schema, json_object, text = _decode_text(optional(body, "text", Kind.OBJECT) or {})
    if text:
        extra["text"] = text
    tools, choice = _decode_tools(body)
    return ModelRequest(
        model=required(body, "model", Kind.TEXT),
        messages=(*system, *_decode_input(body)),
        max_output_tokens=within(body, "max_output_tokens", Kind.WHOLE, 1),
        temperature=within(body, "temperature", Kind.NUMBER, 0, 2),
        top_p=within(body, "top_p", Kind.NUMBER, 0, 1),
        tools=tools,
        tool_choice=choice,
        output_schema=schema,
        json_object=json_object,
        stream=bool(optional(body, "stream", Kind.FLAG)),
        logprobs=LOGPROBS in included or top > 0,
        top_logprobs=top,
        extra={PROTOCOL: extra} if extra else {},
    )


def _decode_input(body: Mapping[str, Any]) -> list[Message]:
    given = body.get("input")
    if isinstance(given, str):
        return [Message("user", given)]
    items = objects(required(body, "input", Kind.LIST), "input")
    if not items:
        raise InputError("input is empty: send a text or at least one item")
    return decode_items(items)


def _encode_tool(tool: Tool) -> dict[str, Any]:
    if tool.custom is not None:
        return encode_custom_tool(tool, chat=False)
    encoded: dict[str, Any] = {"type": "function", "name": tool.name, "parameters": tool.parameters}
    if tool.description:
        encoded["description"] = tool.description
    return encoded | {"strict": tool.strict}


def _decode_tool(tool: Mapping[str, Any], where: str) -> Tool:
    if tool.get("type") == "custom":
        return decode_custom_tool(tool, where)
    if tool.get("type") != "function":
        raise at_the_provider(where, tool.get("type"), "function and custom")
    return Tool(
        name=required(tool, "name", Kind.TEXT, where),
        description=optional(tool, "description", Kind.TEXT, where) or "",
        parameters=optional(tool, "parameters", Kind.OBJECT, where) or {},
        strict=bool(optional(tool, "strict", Kind.FLAG, where)),
    )


def _encode_tool_choice(choice: str | None, tools: Sequence[Tool]) -> Any:
    if choice in (None, "auto", "none", "required"):
        return choice
    return {"type": "custom" if choice in custom_names(tools) else "function", "name": choice}


def _decode_tools(body: Mapping[str, Any]) -> tuple[tuple[Tool, ...], str | None]:
    """The tools that may be called, and the choice among them."""
    tools = tuple(_decode_tool(t, f"tools[{i}].") for i, t in enumerate(objects(body.get("tools") or [], "tools")))
    choice = body.get("tool_choice")
    if choice is None or choice in ("auto", "none", "required"):
        return tools, choice
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        return allowed(tools, choice, "tool_choice.", _named)
    if isinstance(choice, dict) and choice.get("type") in ("function", "custom"):
        return tools, _named(choice, "tool_choice.")
    if isinstance(choice, dict) and "type" in choice:
        raise at_the_provider("tool_choice.", choice["type"], "function and custom")
    raise InputError(f"tool_choice is {shown(choice)}: send auto, none, required, one tool or allowed_tools")


def _named(tool: Mapping[str, Any], where: str) -> str:
    kind = required(tool, "type", Kind.TEXT, where)
    if kind not in ("function", "custom"):
        raise at_the_provider(where, kind, "function and custom")
    return str(required(tool, "name", Kind.TEXT, where))


def _encode_text(request: ModelRequest, rest: Mapping[str, Any]) -> dict[str, Any]:
    """The field `text`: the wanted format, with what else was said about it in `rest`."""
    text = dict(rest)
    details = text.pop("format", {})
    if request.output_schema is not None:
        text["format"] = {"type": "json_schema", "name": SCHEMA_NAME, **details, "schema": request.output_schema}
    elif request.json_object:
        text["format"] = {"type": "json_object"}
    return text


def _decode_text(text: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, bool, dict[str, Any]]:
    """The schema, whether any JSON object will do, and what else was said (schema's name, strictness, verbosity)."""
    rest = {key: value for key, value in text.items() if key != "format" and value is not None}
    wanted = optional(text, "format", Kind.OBJECT, "text.")
    kind = "text" if wanted is None else required(wanted, "type", Kind.TEXT, "text.format.")
    if wanted is None or kind == "text":
        return None, False, rest
    if kind == "json_object":
        return None, True, rest
    if kind != "json_schema":
        raise InputError(f"text.format.type is {kind!r}: use text, json_object or json_schema")
    details = {key: value for key, value in wanted.items() if key not in ("type", "schema") and value is not None}
    if details != {"name": SCHEMA_NAME}:
        rest["format"] = details
    return required(wanted, "schema", Kind.OBJECT, "text.format."), False, rest
