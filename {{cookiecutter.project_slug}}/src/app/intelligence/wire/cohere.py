"""Requests of Cohere's chat (v2), both ways: as `ModelRequest` and as JSON. Replies are in `cohere_reply`.

One named tool is demanded by sending no other; `top_p` is held within the limits the protocol sets. Refuses what other
providers could not be given: log probabilities. Documents become part of the question. Other fields travel in
`extra["cohere"]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.errors import InputError, ProviderRefusedError
from app.intelligence.messages import ModelRequest, Tool
from app.intelligence.wire.cohere_documents import documents_of, with_documents
from app.intelligence.wire.cohere_messages import decode_message, encode_message
from app.intelligence.wire.documented import COHERE
from app.intelligence.wire.fields import Kind, objects, optional, required, texts, within
from app.intelligence.wire.openai_chat_tools import decode_function

PROTOCOL = "cohere"
PATH = "/v2/chat"
LOWEST_TOP_P, HIGHEST_TOP_P = 0.01, 0.99

_OPTIONS = ("max_tokens", "temperature", "p", "stop_sequences", "seed", "stream", "response_format")
_READ = {
    "model",
    "messages",
    "documents",
    "citation_options",
    "tools",
    "tool_choice",
    "strict_tools",
    *_OPTIONS,
    *COHERE.refused,
}
_CHOICES = {"REQUIRED": "required", "NONE": "none"}


def auth_headers(api_key: str) -> dict[str, str]:
    """How a key is shown to a server of this protocol."""
    return {"authorization": f"Bearer {api_key}"}


def encode_request(request: ModelRequest) -> dict[str, Any]:
    """The JSON body. Raises ProviderRefusedError for what the protocol cannot say."""
    top_p = request.top_p
    body: dict[str, Any] = {
        "model": request.model,
        "messages": [encode_message(message) for message in request.messages],
        "max_tokens": request.max_output_tokens,
        "temperature": request.temperature,
        "p": None if top_p is None else min(HIGHEST_TOP_P, max(LOWEST_TOP_P, top_p)),
        "stop_sequences": list(request.stop) or None,
        "seed": request.seed,
        "stream": request.stream or None,
    }
    body |= _encode_tools(request)
    if request.output_schema is not None:
        body["response_format"] = {"type": "json_object", "json_schema": request.output_schema}
    elif request.json_object:
        body["response_format"] = {"type": "json_object"}
    said = {key: value for key, value in body.items() if value is not None}
    return {**said, **request.extra.get(PROTOCOL, {})}


def decode_request(body: Mapping[str, Any]) -> ModelRequest:
    """A client's body as a request. Raises InputError naming the field that is wrong."""
    COHERE.refuse(body)
    messages = objects(required(body, "messages", Kind.LIST), "messages")
    if not messages:
        raise InputError("messages is empty: send at least one message")
    schema, json_object = decode_response_format(body)
    strict = bool(optional(body, "strict_tools", Kind.FLAG))
    tools = objects(body.get("tools") or [], "tools")
    extra = {key: value for key, value in body.items() if key not in _READ and value is not None}
    return ModelRequest(
        model=required(body, "model", Kind.TEXT),
        messages=with_documents(
            [decode_message(message, f"messages[{i}].") for i, message in enumerate(messages)], documents_of(body)
        ),
        max_output_tokens=within(body, "max_tokens", Kind.WHOLE, 1),
        temperature=within(body, "temperature", Kind.NUMBER, 0),
        top_p=within(body, "p", Kind.NUMBER, 0, 1),
        stop=texts(body.get("stop_sequences") or [], "stop_sequences"),
        seed=optional(body, "seed", Kind.WHOLE),
        tools=tuple(replace(decode_function(tool, f"tools[{i}]."), strict=strict) for i, tool in enumerate(tools)),
        tool_choice=_decode_tool_choice(body),
        output_schema=schema,
        json_object=json_object,
        stream=bool(optional(body, "stream", Kind.FLAG)),
        extra={PROTOCOL: extra} if extra else {},
    )


def _encode_tools(request: ModelRequest) -> dict[str, Any]:
    tools, choice = request.tools, request.tool_choice
    fields: dict[str, Any] = {}
    if choice in ("none", "required"):
        fields["tool_choice"] = choice.upper()
    elif choice not in (None, "auto"):
        tools = tuple(tool for tool in tools if tool.name == choice)
        if not tools:
            raise ProviderRefusedError(f"tool_choice is {choice!r}: no tool is called so")
        fields["tool_choice"] = "REQUIRED"
    if tools:
        fields["tools"] = [_encode_tool(tool) for tool in tools]
    if any(tool.strict for tool in tools):
        fields["strict_tools"] = True
    return fields


def _encode_tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "parameters": {"type": "object", **tool.parameters}}
    if tool.description:
        function["description"] = tool.description
    return {"type": "function", "function": function}


def _decode_tool_choice(body: Mapping[str, Any]) -> str | None:
    choice = optional(body, "tool_choice", Kind.TEXT)
    if choice is not None and choice not in _CHOICES:
        raise InputError(f"tool_choice is {choice!r}: use REQUIRED or NONE")
    return None if choice is None else _CHOICES[choice]


def decode_response_format(body: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, bool]:
    """The schema of the reply, and whether any JSON object will do."""
    wanted = optional(body, "response_format", Kind.OBJECT)
    kind = "text" if wanted is None else required(wanted, "type", Kind.TEXT, "response_format.")
    if wanted is None or kind == "text":
        return None, False
    if kind != "json_object":
        raise InputError(f"response_format.type is {kind!r}: use text or json_object")
    schema = optional(wanted, "json_schema", Kind.OBJECT, "response_format.")
    if schema is None:
        schema = optional(wanted, "schema", Kind.OBJECT, "response_format.")
    return schema, schema is None
