"""Requests of Gemini's generateContent, both ways: as `ModelRequest` and as JSON. Replies are in `gemini_reply`.

The model and whether the reply is streamed stand in the address, not in the body. Refuses what a reply of ours could
not carry: several candidates, log probabilities in a stream, other than text, content cached at Google. Other fields
travel in `extra["gemini"]`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.errors import InputError
from app.intelligence.messages import ModelRequest
from app.intelligence.wire.documented import GEMINI
from app.intelligence.wire.fields import Kind, objects, optional, required, shown, texts, within
from app.intelligence.wire.gemini_contents import decode_contents, decode_system, encode_contents
from app.intelligence.wire.gemini_names import in_camel_case
from app.intelligence.wire.gemini_schema import as_json_schema
from app.intelligence.wire.gemini_tools import decode_tools, encode_tools

PROTOCOL = "gemini"
PATH = "/v1beta/models/{model}:generateContent"
STREAM_PATH = "/v1beta/models/{model}:streamGenerateContent?alt=sse"
JSON = "application/json"
# One of the values of a schema, without quotes.
ENUM = "text/x.enum"

_READ = {"contents", "systemInstruction", "generationConfig", "tools", "toolConfig", "model", *GEMINI.refused}
_SCHEMA_FIELDS = ("responseMimeType", "responseSchema", "responseJsonSchema", "_responseJsonSchema")
_CONFIG_READ = {"maxOutputTokens", "temperature", "topP", "stopSequences", "seed", "candidateCount", *_SCHEMA_FIELDS}
_CONFIG_READ |= {"responseModalities", "responseLogprobs", "logprobs"}
_CONFIG_READ |= {name.rpartition(".")[2] for name in GEMINI.refused}
MOST_BESIDE = 20


def auth_headers(api_key: str) -> dict[str, str]:
    """How a key is shown to a server of this protocol."""
    return {"x-goog-api-key": api_key}


def encode_request(request: ModelRequest) -> dict[str, Any]:
    """The JSON body. Raises ProviderRefusedError for what the protocol cannot say."""
    body: dict[str, Any] = {"contents": encode_contents(request.messages)}
    system = [{"text": message.text} for message in request.messages if message.role == "system"]
    if system:
        body["systemInstruction"] = {"parts": system}
    body |= encode_tools(request)
    extra = dict(request.extra.get(PROTOCOL, {}))
    config = _encode_config(request) | extra.pop("generationConfig", {})
    if config:
        body["generationConfig"] = config
    return body | extra


def decode_request(body: Mapping[str, Any], *, model: str, stream: bool) -> ModelRequest:
    """A client's body as a request; `model` and `stream` are what its address said. Raises InputError."""
    body = in_camel_case(body)
    GEMINI.refuse(body)
    contents = objects(required(body, "contents", Kind.LIST), "contents")
    if not contents:
        raise InputError("contents is empty: send at least one content")
    config = optional(body, "generationConfig", Kind.OBJECT) or {}
    _refuse_undeliverable(config)
    likelihoods = _decode_likelihoods(config, stream)
    schema, json_object = _decode_schema(config)
    tools, choice = decode_tools(body)
    extra = {key: value for key, value in body.items() if key not in _READ and value is not None}
    settings = {key: value for key, value in config.items() if key not in _CONFIG_READ and value is not None}
    if settings:
        extra["generationConfig"] = settings
    return ModelRequest(
        model=model,
        messages=(*decode_system(body.get("systemInstruction")), *decode_contents(contents)),
        max_output_tokens=within(config, "maxOutputTokens", Kind.WHOLE, 1),
        temperature=within(config, "temperature", Kind.NUMBER, 0, 2),
        top_p=within(config, "topP", Kind.NUMBER, 0, 1),
        stop=texts(config.get("stopSequences") or [], "generationConfig.stopSequences"),
        seed=optional(config, "seed", Kind.WHOLE, "generationConfig."),
        tools=tools,
        tool_choice=choice,
        output_schema=schema,
        json_object=json_object,
        stream=stream,
        logprobs=likelihoods is not None,
        top_logprobs=likelihoods or 0,
        extra={PROTOCOL: extra} if extra else {},
    )


def _encode_config(request: ModelRequest) -> dict[str, Any]:
    config: dict[str, Any] = {
        "maxOutputTokens": request.max_output_tokens,
        "temperature": request.temperature,
        "topP": request.top_p,
        "stopSequences": list(request.stop) or None,
        "seed": request.seed,
        "responseLogprobs": request.logprobs or None,
        "logprobs": request.top_logprobs or None,
    }
    if request.output_schema is not None:
        config |= {"responseMimeType": JSON, "responseJsonSchema": request.output_schema}
    elif request.json_object:
        config["responseMimeType"] = JSON
    return {key: value for key, value in config.items() if value is not None}


def _decode_likelihoods(config: Mapping[str, Any], stream: bool) -> int | None:
    """How many tokens are to be told beside each of the reply's; None when their probabilities are not asked for."""
    beside = within(config, "logprobs", Kind.WHOLE, 0, MOST_BESIDE)
    if not optional(config, "responseLogprobs", Kind.FLAG, "generationConfig."):
        if beside is not None:
            raise InputError("generationConfig.logprobs is sent without responseLogprobs: send both")
        return None
    if stream:
        raise InputError(
            "generationConfig.responseLogprobs are not served in a stream: send no stream, or leave them out"
        )
    return beside or 0


def _refuse_undeliverable(config: Mapping[str, Any]) -> None:
    if optional(config, "candidateCount", Kind.WHOLE, "generationConfig.") not in (None, 1):
        raise InputError(f"generationConfig.candidateCount is {config['candidateCount']}: one is served a request")
    modalities = config.get("responseModalities") or ["TEXT"]
    if modalities != ["TEXT"]:
        raise InputError(f"generationConfig.responseModalities is {shown(modalities)}: only TEXT is served")


def _decode_schema(config: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, bool]:
    """The schema of the reply, and whether any JSON object will do."""
    media_type = optional(config, "responseMimeType", Kind.TEXT, "generationConfig.") or "text/plain"
    if media_type not in ("text/plain", JSON, ENUM):
        raise InputError(f"generationConfig.responseMimeType is {media_type!r}: use text/plain, {JSON} or {ENUM}")
    for name in ("responseJsonSchema", "_responseJsonSchema"):
        schema = optional(config, name, Kind.OBJECT, "generationConfig.")
        if schema is not None:
            return schema, False
    own = optional(config, "responseSchema", Kind.OBJECT, "generationConfig.")
    if own is not None:
        return as_json_schema(own, "generationConfig.responseSchema"), False
    if media_type == ENUM:
        raise InputError(f"generationConfig.responseMimeType is {ENUM!r}: send responseSchema with the values")
    return None, media_type == JSON


def wants_bare_value(body: Mapping[str, Any]) -> bool:
    """Whether the reply is to be one of the schema's values without the quotes that JSON has."""
    config = in_camel_case(body).get("generationConfig")
    return isinstance(config, dict) and config.get("responseMimeType") == ENUM
