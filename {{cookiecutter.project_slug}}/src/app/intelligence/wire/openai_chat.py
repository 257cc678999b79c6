"""Requests of OpenAI's chat completions, both ways: as `ModelRequest` and as JSON. Replies are in `openai_chat_reply`.

Refuses what a reply of ours could not carry: several choices, audio. Tools are in `openai_chat_tools`; the retired
`functions` are read as tools (`openai_functions`). Other fields without a place in ModelRequest travel in
`extra["openai"]` and come out again untouched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.errors import InputError
from app.intelligence.messages import Message, ModelRequest, Part
from app.intelligence.wire.call_matching import OpenCalls
from app.intelligence.wire.documented import CHAT
from app.intelligence.wire.fields import Kind, objects, optional, required, shown, texts, within
from app.intelligence.wire.openai_chat_tools import (
    decode_tool_call,
    decode_tools,
    encode_tool,
    encode_tool_call,
    encode_tool_choice,
)
from app.intelligence.wire.openai_functions import modern
from app.intelligence.wire.reaching import for_chat

PROTOCOL = "openai"
PATH = "/chat/completions"
# The protocol demands a name for an output schema; this one is for those that came without.
SCHEMA_NAME = "reply"

# Tokens that may be asked for beside each of the reply's.
MOST_TOP = 20

_OPTIONS = ("temperature", "top_p", "stop", "seed", "n", "stream", "stream_options", "response_format", "logprobs")
_READ = {
    "top_logprobs",
    "modalities",
    *CHAT.refused,
    "model",
    "messages",
    "max_tokens",
    "max_completion_tokens",
    "tools",
    "tool_choice",
    *_OPTIONS,
}
_ROLES: dict[str, Any] = {r: r for r in ("system", "user", "assistant", "tool")} | {"developer": "system"}


def auth_headers(api_key: str) -> dict[str, str]:
    """How a key is shown to a server of this protocol."""
    return {"authorization": f"Bearer {api_key}"}


def encode_request(request: ModelRequest, *, limit_field: str = "max_completion_tokens") -> dict[str, Any]:
    """The JSON body. `limit_field` is `max_tokens` for servers that know only the older name."""
    body: dict[str, Any] = {"model": request.model, "messages": [_encode_message(m) for m in request.messages]}
    if request.max_output_tokens is not None:
        body[limit_field] = request.max_output_tokens
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if request.top_p is not None:
        body["top_p"] = request.top_p
    if request.stop:
        body["stop"] = list(request.stop)
    if request.seed is not None:
        body["seed"] = request.seed
    if request.tools:
        body["tools"] = [encode_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = encode_tool_choice(request.tool_choice, request.tools)
    if request.logprobs:
        body["logprobs"] = True
    if request.top_logprobs:
        body["top_logprobs"] = request.top_logprobs
    if request.stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}
    extra = for_chat(request.extra)
    if not request.tools and PROTOCOL not in request.extra:
        extra.pop("parallel_tool_calls", None)  # OpenAI's chat refuses it without tools, its Responses do not
    format_details = extra.pop("response_format", {})
    if request.output_schema is not None:
        described = {"name": SCHEMA_NAME, **format_details, "schema": request.output_schema}
        body["response_format"] = {"type": "json_schema", "json_schema": described}
    elif request.json_object:
        body["response_format"] = {"type": "json_object"}
    body.update(extra)
    return body


def decode_request(body: Mapping[str, Any]) -> ModelRequest:
    """A client's body as a request. Raises InputError naming the field that is wrong."""
    _refuse_undeliverable(body)
    body = modern(body)
    extra = {key: value for key, value in body.items() if key not in _READ and value is not None}
    output_schema, json_object, format_details = _decode_response_format(body)
    if format_details:
        extra["response_format"] = format_details
    limit = within(body, "max_completion_tokens", Kind.WHOLE, 1)
    if limit is None:
        limit = within(body, "max_tokens", Kind.WHOLE, 1)
    messages = objects(required(body, "messages", Kind.LIST), "messages")
    if not messages:
        raise InputError("messages is empty: send at least one message")
    tools, choice = decode_tools(body)
    return ModelRequest(
        model=required(body, "model", Kind.TEXT),
        messages=_decode_messages(messages),
        max_output_tokens=limit,
        temperature=within(body, "temperature", Kind.NUMBER, 0, 2),
        top_p=within(body, "top_p", Kind.NUMBER, 0, 1),
        stop=_decode_stop(body.get("stop")),
        seed=optional(body, "seed", Kind.WHOLE),
        tools=tools,
        tool_choice=choice,
        output_schema=output_schema,
        json_object=json_object,
        stream=bool(optional(body, "stream", Kind.FLAG)),
        logprobs=bool(optional(body, "logprobs", Kind.FLAG)),
        top_logprobs=within(body, "top_logprobs", Kind.WHOLE, 0, MOST_TOP) or 0,
        extra={PROTOCOL: extra} if extra else {},
    )


def wants_usage(body: Mapping[str, Any]) -> bool:
    """Whether the client asked for the usage chunk at the end of its stream."""
    options = optional(body, "stream_options", Kind.OBJECT) or {}
    return bool(optional(options, "include_usage", Kind.FLAG, "stream_options."))


def _refuse_undeliverable(body: Mapping[str, Any]) -> None:
    if optional(body, "n", Kind.WHOLE) not in (None, 1):
        raise InputError(f"n is {body['n']}: one choice is served a request, send n = 1 or several requests")
    if within(body, "top_logprobs", Kind.WHOLE, 0, MOST_TOP) and not body.get("logprobs"):
        raise InputError("top_logprobs is sent without logprobs: send logprobs = true with it")
    CHAT.refuse(body)
    modalities = texts(body.get("modalities") or ["text"], "modalities")
    if modalities != ("text",):
        raise InputError(f"modalities is {shown(list(modalities))}: only text is served here")


def _encode_message(message: Message) -> dict[str, Any]:
    content = message.content
    encoded: dict[str, Any] = {
        "role": message.role,
        "content": content if isinstance(content, str) else [_encode_part(part) for part in content],
    }
    if message.tool_calls:
        encoded["content"] = encoded["content"] or None
        encoded["tool_calls"] = [encode_tool_call(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        encoded["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        encoded["name"] = message.name
    return encoded


def _decode_messages(messages: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """All of them. A result that names no call answers the oldest open one, of its tool where it names that."""
    calls = OpenCalls()
    return tuple(_decode_message(message, f"messages[{i}].", calls) for i, message in enumerate(messages))


def _decode_message(message: Mapping[str, Any], where: str, open_calls: OpenCalls) -> Message:
    name = required(message, "role", Kind.TEXT, where)
    role = _ROLES.get(name)
    if role is None:
        raise InputError(f"{where}role is {name!r}: use one of {', '.join(_ROLES)}")
    content = message.get("content")
    if content is None:
        content = message.get("refusal") or ""
    calls = objects(message.get("tool_calls") or [], f"{where}tool_calls")
    made = tuple(decode_tool_call(c, f"{where}tool_calls[{i}].") for i, c in enumerate(calls))
    for call in made:
        open_calls.called(call.id, call.name)
    answered, name_of_tool = (optional(message, field, Kind.TEXT, where) for field in ("tool_call_id", "name"))
    if role == "tool":
        answered = open_calls.answered(answered, name_of_tool, f"{where}tool_call_id is missing, and the message")
    elif role != "assistant" and message.get("content") is None:
        raise InputError(f"{where}content is missing: send a string or a list of parts")
    return Message(
        role=role,
        content=content if isinstance(content, str) else _decode_parts(content, f"{where}content"),
        tool_calls=made,
        tool_call_id=answered,
        name=name_of_tool,
    )


def _encode_part(part: Part) -> dict[str, Any]:
    if part.kind == "image":
        return {"type": "image_url", "image_url": {"url": part.image_url}}
    return {"type": "text", "text": part.text}


def _decode_parts(content: Any, where: str) -> tuple[Part, ...]:
    return tuple(_decode_part(part, f"{where}[{i}].") for i, part in enumerate(objects(content, where)))


def _decode_part(part: Mapping[str, Any], where: str) -> Part:
    kind = part.get("type")
    if kind == "text":
        return Part("text", required(part, "text", Kind.TEXT, where))
    if kind == "refusal":
        return Part("text", required(part, "refusal", Kind.TEXT, where))
    if kind != "image_url":
        raise InputError(f"{where}type is {shown(kind)}: only text and image_url are served")
    url = required(required(part, "image_url", Kind.OBJECT, where), "url", Kind.TEXT, f"{where}image_url.")
    if not url.startswith(("https://", "data:image/")):
        raise InputError(f"{where}image_url.url is {shown(url)}: send an https: or data:image/ URL")
    return Part("image", image_url=url)


def _decode_response_format(body: Mapping[str, Any]) -> tuple[dict[str, Any] | None, bool, dict[str, Any]]:
    """The schema, whether any JSON object will do, and what else was said about the schema (name, strictness)."""
    wanted = optional(body, "response_format", Kind.OBJECT)
    kind = "text" if wanted is None else required(wanted, "type", Kind.TEXT, "response_format.")
    if wanted is None or kind == "text":
        return None, False, {}
    if kind == "json_object":  # providers of open models take a schema here, OpenAI none
        schema = optional(wanted, "schema", Kind.OBJECT, "response_format.")
        return schema, schema is None, {}
    if kind != "json_schema":
        raise InputError(f"response_format.type is {kind!r}: use text, json_object or json_schema")
    described = required(wanted, "json_schema", Kind.OBJECT, "response_format.")
    schema = required(described, "schema", Kind.OBJECT, "response_format.json_schema.")
    details = {key: value for key, value in described.items() if key != "schema" and value is not None}
    return schema, False, {} if details == {"name": SCHEMA_NAME} else details


def _decode_stop(stop: Any) -> tuple[str, ...]:
    if stop is None:
        return ()
    return (stop,) if isinstance(stop, str) else texts(stop, "stop")
