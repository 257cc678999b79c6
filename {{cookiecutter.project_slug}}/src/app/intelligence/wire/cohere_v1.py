"""Cohere's chat, version 1, as its clients still ask it: one message, the history before it, a preamble.

Only clients speak it: requests are read, replies written. Tools have flat parameters here, calls have no ids; both are
made into what everybody else means. Documents become part of the question; the one query of a search is the message
itself, for no model is asked for it. Refuses what other providers could not be given: connectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from app.errors import InputError
from app.intelligence.messages import Chunk, Message, ModelReply, ModelRequest, Tool, ToolCall, Usage
from app.intelligence.wire import ndjson
from app.intelligence.wire.cohere import decode_response_format
from app.intelligence.wire.cohere_documents import (
    CitedSource,
    citations,
    documents_of,
    is_off,
    outputs_of,
    with_documents,
)
from app.intelligence.wire.cohere_reply import FINISH_REASONS
from app.intelligence.wire.fields import Kind, objects, optional, required, texts, within

# What the service takes when a client names no model.
DEFAULT_MODEL = "command"
REFUSED = ("connectors", "conversation_id", "raw_prompting")
_ROLES: dict[str, Any] = {"USER": "user", "CHATBOT": "assistant", "SYSTEM": "system"}
_TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "list": "array", "dict": "object"}


def decode_request(body: Mapping[str, Any]) -> ModelRequest:
    """A client's body as a request. Raises InputError naming the field that is wrong."""
    for field in REFUSED:
        if body.get(field):
            raise InputError(f"{field} is not served here: put what the model needs into the message")
    schema, json_object = decode_response_format(body)
    tools = objects(body.get("tools") or [], "tools")
    return ModelRequest(
        model=optional(body, "model", Kind.TEXT) or DEFAULT_MODEL,
        messages=with_documents(_messages(body), documents_of(body)),
        max_output_tokens=within(body, "max_tokens", Kind.WHOLE, 1),
        temperature=within(body, "temperature", Kind.NUMBER, 0),
        top_p=within(body, "p", Kind.NUMBER, 0, 1),
        stop=texts(body.get("stop_sequences") or [], "stop_sequences"),
        seed=optional(body, "seed", Kind.WHOLE),
        tools=tuple(_tool(tool, f"tools[{i}].") for i, tool in enumerate(tools)),
        output_schema=schema,
        json_object=json_object,
        stream=bool(optional(body, "stream", Kind.FLAG)),
    )


def _messages(body: Mapping[str, Any]) -> list[Message]:
    messages = []
    preamble = optional(body, "preamble", Kind.TEXT)
    if preamble:
        messages.append(Message("system", preamble))
    for index, turn in enumerate(objects(body.get("chat_history") or [], "chat_history")):
        messages += _turn(turn, f"chat_history[{index}].")
    said = optional(body, "message", Kind.TEXT) or ""
    results = objects(body.get("tool_results") or [], "tool_results")
    if said:
        messages.append(Message("user", said))
    messages += _results(results, "tool_results")
    if not said and not results:
        raise InputError("message is empty: send a text, or the results of tools")
    return messages


def _turn(turn: Mapping[str, Any], where: str) -> list[Message]:
    name = required(turn, "role", Kind.TEXT, where).upper()
    if name == "TOOL":
        return _results(objects(turn.get("tool_results") or [], f"{where}tool_results"), f"{where}tool_results")
    if name not in _ROLES:
        raise InputError(f"{where}role is {name!r}: use USER, CHATBOT, SYSTEM or TOOL")
    calls = objects(turn.get("tool_calls") or [], f"{where}tool_calls")
    made = tuple(_call(call, index, f"{where}tool_calls[{index}].") for index, call in enumerate(calls))
    return [Message(_ROLES[name], optional(turn, "message", Kind.TEXT, where) or "", tool_calls=made)]


def _results(results: list[dict[str, Any]], where: str) -> list[Message]:
    """The calls and what they gave, as a turn of the assistant and a message each: version 1 sends only the results."""
    if not results:
        return []
    places = [f"{where}[{i}].call." for i in range(len(results))]
    calls = [
        _call(required(result, "call", Kind.OBJECT, f"{where}[{i}]."), i, places[i]) for i, result in enumerate(results)
    ]
    given = [
        Message("tool", orjson.dumps(result.get("outputs") or []).decode(), tool_call_id=call.id)
        for result, call in zip(results, calls, strict=True)
    ]
    return [Message("assistant", "", tool_calls=tuple(calls)), *given]


def _call(call: Mapping[str, Any], index: int, where: str) -> ToolCall:
    parameters = optional(call, "parameters", Kind.OBJECT, where) or {}
    return ToolCall(f"call_{index}", required(call, "name", Kind.TEXT, where), orjson.dumps(parameters).decode())


def _tool(tool: Mapping[str, Any], where: str) -> Tool:
    defined = optional(tool, "parameter_definitions", Kind.OBJECT, where) or {}
    properties, needed = {}, []
    for name in defined:
        definition = required(defined, name, Kind.OBJECT, f"{where}parameter_definitions.")
        properties[name] = {
            "type": _json_type(str(definition.get("type") or "str")),
            "description": definition.get("description") or "",
        }
        if definition.get("required"):
            needed.append(name)
    return Tool(
        name=required(tool, "name", Kind.TEXT, where),
        description=optional(tool, "description", Kind.TEXT, where) or "",
        parameters={"type": "object", "properties": properties, "required": needed},
    )


def _json_type(name: str) -> str:
    """`str` and `List[str]` in the words of JSON Schema; a name that is one already stays."""
    plain = name.split("[")[0].lower()
    return _TYPES.get(plain, plain)


def encode_queries(asked: Mapping[str, Any], *, id: str) -> dict[str, Any]:
    """The body for a client that wants search queries alone. Raises InputError when there is no message."""
    message = required(asked, "message", Kind.TEXT)
    history = objects(asked.get("chat_history") or [], "chat_history")
    return {
        "response_id": id,
        "generation_id": id,
        "text": "",
        "is_search_required": True,
        "search_queries": [{"text": message, "generation_id": id}],
        "finish_reason": "COMPLETE",
        "chat_history": history,
        "meta": encode_meta(Usage()),
    }


def query_lines(found: Mapping[str, Any]) -> bytes:
    """The same as the lines of a stream."""
    told = {"event_type": "search-queries-generation", "search_queries": found["search_queries"]}
    ended = {"event_type": "stream-end", "finish_reason": "COMPLETE", "response": found}
    return ndjson.line({"is_finished": False, **told}) + ndjson.line({"is_finished": True, **ended})


def encode_reply(reply: ModelReply, *, id: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a whole reply, with the history that a client sends next, and what it cites of the documents.

    `asked` is the body that is answered. Arguments that are no JSON object are sent as an empty one.
    """
    said = [{"role": "USER", "message": asked["message"]}] if asked.get("message") else []
    answered = {"role": "CHATBOT", "message": reply.text}
    body: dict[str, Any] = {
        "response_id": id,
        "generation_id": id,
        "text": reply.text,
        "finish_reason": finish_of(reply),
        "chat_history": [*(asked.get("chat_history") or []), *said, answered],
        "meta": encode_meta(reply.usage),
    }
    if reply.tool_calls:
        body["tool_calls"] = [{"name": c.name, "parameters": _parameters(c.arguments)} for c in reply.tool_calls]
    return body | _cited(reply.text, asked)


def _cited(text: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Citations, and the documents and outputs they name; nothing when there are none or they are turned off."""
    found = [] if is_off(asked.get("citation_quality")) else citations(text, _sources(asked))
    if not found:
        return {}
    named = {source.id: source for citation in found for source in citation.sources}
    return {
        "citations": [
            {"start": c.start, "end": c.end, "text": c.text, "document_ids": [source.id for source in c.sources]}
            for c in found
        ],
        "documents": [{"id": source.id, **source.fields} for source in named.values()],
    }


def _sources(asked: Mapping[str, Any]) -> list[CitedSource]:
    """The documents that were sent, and what tools gave, earlier and now."""
    turns = [*objects(asked.get("chat_history") or [], "chat_history"), asked]
    results = [result for turn in turns for result in objects(turn.get("tool_results") or [], "tool_results")]
    return [*documents_of(asked), *outputs_of(results)]


def _parameters(arguments: str) -> dict[str, Any]:
    try:
        found = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def finish_of(reply: ModelReply) -> str:
    """Why a reply ended in the words of version 1, which has none for calls."""
    return "COMPLETE" if reply.tool_calls else FINISH_REASONS[reply.finish_reason]


def encode_meta(usage: Usage) -> dict[str, Any]:
    """Version and tokens in the words of version 1."""
    counts = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    return {"api_version": {"version": "1"}, "billed_units": counts, "tokens": counts}


class StreamEncoder:
    """Writes the lines of one stream to a client: `start`, then `chunk` for each, then `end` or `error`."""

    __slots__ = ("_asked", "_id")

    def __init__(self, *, id: str, asked: Mapping[str, Any]) -> None:
        self._id, self._asked = id, asked

    def start(self) -> bytes:
        """The line that opens the reply."""
        return ndjson.line({"is_finished": False, "event_type": "stream-start", "generation_id": self._id})

    def chunk(self, chunk: Chunk) -> bytes:
        """Text of a chunk; calls wait for `end`, where they are whole."""
        if not chunk.text:
            return b""
        return ndjson.line({"is_finished": False, "event_type": "text-generation", "text": chunk.text})

    def end(self, reply: ModelReply) -> bytes:
        """The calls, the citations, and the whole reply once more."""
        body = encode_reply(reply, id=self._id, asked=self._asked)
        lines = b""
        if reply.tool_calls:
            calls = {"event_type": "tool-calls-generation", "tool_calls": body["tool_calls"]}
            lines = ndjson.line({"is_finished": False, "text": reply.text, **calls})
        if "citations" in body:
            told = {"event_type": "citation-generation", "citations": body["citations"]}
            lines += ndjson.line({"is_finished": False, **told})
        ended = {"event_type": "stream-end", "finish_reason": body["finish_reason"], "response": body}
        return lines + ndjson.line({"is_finished": True, **ended})

    def error(self, kind: str, message: str) -> bytes:
        """The end of a stream that failed after it had begun."""
        ended = {"event_type": "stream-end", "finish_reason": "ERROR", "response": {"text": message}}
        return ndjson.line({"is_finished": True, **ended})
