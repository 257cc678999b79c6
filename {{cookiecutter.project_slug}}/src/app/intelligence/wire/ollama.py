"""Requests of Ollama's chat, both ways: as `ModelRequest` and as JSON. Replies are in `ollama_reply`.

A stream is what a client gets that does not ask for anything else. Nobody can be made to call a tool here: a request
that demands it is refused. Other fields travel in `extra["ollama"]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.errors import InputError, ProviderRefusedError
from app.intelligence.messages import ModelRequest
from app.intelligence.wire.documented import OLLAMA
from app.intelligence.wire.fields import Kind, objects, optional, required, shown, texts, within
from app.intelligence.wire.ollama_messages import decode_messages, encode_messages, encode_tool
from app.intelligence.wire.openai_chat_tools import decode_function

PROTOCOL = "ollama"
PATH = "/api/chat"

_READ = {"model", "messages", "tools", "format", "options", "stream", *OLLAMA.refused}
_OPTIONS_READ = {"num_predict", "temperature", "top_p", "stop", "seed"}


def auth_headers(api_key: str) -> dict[str, str]:
    """How a key is shown to a hosted server; one of our own asks for none."""
    return {"authorization": f"Bearer {api_key}"}


def encode_request(request: ModelRequest) -> dict[str, Any]:
    """The JSON body. Raises ProviderRefusedError for what the protocol cannot say."""
    if request.tool_choice not in (None, "auto", "none"):
        raise ProviderRefusedError(f"tool_choice is {request.tool_choice!r}: this protocol cannot demand a tool")
    body: dict[str, Any] = {
        "model": request.model,
        "messages": encode_messages(request.messages),
        "stream": request.stream,
    }
    if request.tools and request.tool_choice != "none":
        body["tools"] = [encode_tool(tool) for tool in request.tools]
    if request.logprobs:
        body["logprobs"] = True
    if request.output_schema is not None:
        body["format"] = request.output_schema
    elif request.json_object:
        body["format"] = "json"
    extra = dict(request.extra.get(PROTOCOL, {}))
    options = _encode_options(request) | extra.pop("options", {})
    if options:
        body["options"] = options
    return body | extra


def decode_request(body: Mapping[str, Any]) -> ModelRequest:
    """A client's body as a request. Raises InputError naming the field that is wrong."""
    OLLAMA.refuse(body)
    messages = objects(required(body, "messages", Kind.LIST), "messages")
    if not messages:
        raise InputError("messages is empty: send at least one message")
    options = optional(body, "options", Kind.OBJECT) or {}
    schema, json_object = _decode_format(body.get("format"))
    tools = objects(body.get("tools") or [], "tools")
    extra = {key: value for key, value in body.items() if key not in _READ and value is not None}
    settings = {key: value for key, value in options.items() if key not in _OPTIONS_READ and value is not None}
    if settings:
        extra["options"] = settings
    stop = options.get("stop") or []
    return ModelRequest(
        model=required(body, "model", Kind.TEXT),
        messages=tuple(decode_messages(messages)),
        max_output_tokens=_decode_limit(options),
        temperature=within(options, "temperature", Kind.NUMBER, 0),
        top_p=within(options, "top_p", Kind.NUMBER, 0, 1),
        stop=(stop,) if isinstance(stop, str) else texts(stop, "options.stop"),
        seed=optional(options, "seed", Kind.WHOLE, "options."),
        tools=tuple(decode_function(tool, f"tools[{i}].") for i, tool in enumerate(tools)),
        output_schema=schema,
        json_object=json_object,
        stream=optional(body, "stream", Kind.FLAG) is not False,
        extra={PROTOCOL: extra} if extra else {},
    )


def _encode_options(request: ModelRequest) -> dict[str, Any]:
    options = {
        "num_predict": request.max_output_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "stop": list(request.stop) or None,
        "seed": request.seed,
    }
    return {key: value for key, value in options.items() if value is not None}


def _decode_limit(options: Mapping[str, Any]) -> int | None:
    """The output limit; negative numbers are Ollama's words for none."""
    limit: int | None = optional(options, "num_predict", Kind.WHOLE, "options.")
    return None if limit is not None and limit < 0 else within(options, "num_predict", Kind.WHOLE, 1)


def _decode_format(wanted: Any) -> tuple[Mapping[str, Any] | None, bool]:
    """The schema of the reply, and whether any JSON object will do."""
    if wanted in (None, ""):
        return None, False
    if wanted == "json":
        return None, True
    if not isinstance(wanted, dict):
        raise InputError(f"format is {shown(wanted)}: send 'json' or a JSON Schema")
    return wanted, False
