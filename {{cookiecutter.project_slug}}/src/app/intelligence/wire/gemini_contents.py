"""The turns of a Gemini conversation, both ways: contents of parts, `model` for the assistant, results as functions.

A call may come without an id and a result names the function alone; `call_matching` says which belongs to which.
Thoughts of earlier turns are left out, and their signatures, for which no other protocol has a place: calls carry
Google's documented stand-in. Refuses sound, films, files and code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from mimetypes import guess_type
from typing import Any

import orjson

from app.errors import InputError, ProviderRefusedError
from app.intelligence.messages import Message, Part, ToolCall
from app.intelligence.wire.call_matching import OpenCalls, names_of_calls
from app.intelligence.wire.fields import Kind, objects, optional, required, shown
from app.intelligence.wire.parts import image_from_url, inline, only_text, parts_of, plain
from app.intelligence.wire.tool_arguments import as_object, as_text

# What newer models accept in place of the signature of a thought they did not have.
NO_THOUGHT = "skip_thought_signature_validator"


def encode_contents(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages but the system's; neighbouring tool results share one turn. Raises ProviderRefusedError."""
    contents: list[dict[str, Any]] = []
    names = names_of_calls(messages)
    previous = ""
    for message in messages:
        if message.role == "tool":
            result = {"functionResponse": _encode_result(message, names)}
            if previous == "tool":
                contents[-1]["parts"].append(result)
            else:
                contents.append({"role": "user", "parts": [result]})
        elif message.role != "system":
            role = "model" if message.role == "assistant" else "user"
            contents.append({"role": role, "parts": _encode_said(message)})
        previous = message.role
    return contents


def _encode_said(message: Message) -> list[dict[str, Any]]:
    parts = [_encode_part(part) for part in parts_of(message)]
    for index, call in enumerate(message.tool_calls):
        said: dict[str, Any] = {"functionCall": {"id": call.id, "name": call.name, "args": as_object(call)}}
        if index == 0:
            said["thoughtSignature"] = NO_THOUGHT
        parts.append(said)
    return parts or [{"text": ""}]


def _encode_part(part: Part) -> dict[str, Any]:
    if part.kind == "text":
        return {"text": part.text}
    held = inline(part.image_url)
    if held is not None:
        return {"inlineData": {"mimeType": held[0], "data": held[1]}}
    media_type = guess_type(part.image_url)[0]
    return {"fileData": {"fileUri": part.image_url} | ({"mimeType": media_type} if media_type else {})}


def _encode_result(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    name = names.get(message.tool_call_id or "") or message.name
    if name is None:
        raise ProviderRefusedError(
            f"the result of tool call {message.tool_call_id} has no call before it: this protocol needs the tool's name"
        )
    said = only_text(message, "the result of a tool")
    return {"id": message.tool_call_id, "name": name, "response": {"output": said}}


def decode_system(instruction: Any) -> list[Message]:
    """The system instruction, one message a text."""
    if instruction is None:
        return []
    if isinstance(instruction, str):
        return [Message("system", instruction)]
    if not isinstance(instruction, dict):
        raise InputError(f"systemInstruction is {shown(instruction)}: send a content")
    parts = objects(instruction.get("parts") or [], "systemInstruction.parts")
    place = "systemInstruction.parts"
    return [Message("system", required(p, "text", Kind.TEXT, f"{place}[{i}].")) for i, p in enumerate(parts)]


def decode_contents(contents: Sequence[Mapping[str, Any]]) -> list[Message]:
    """A client's turns as messages. Raises InputError naming the field that is wrong."""
    messages: list[Message] = []
    calls = OpenCalls()
    for index, content in enumerate(contents):
        messages += _decode_content(content, f"contents[{index}].", calls)
    return messages


def _decode_content(content: Mapping[str, Any], where: str, calls: OpenCalls) -> list[Message]:
    """One turn: its tool results first, one message each, then what else it says."""
    role = optional(content, "role", Kind.TEXT, where) or "user"
    if role not in ("user", "model", "function", "tool"):
        raise InputError(f"{where}role is {role!r}: use user or model")
    results: list[Message] = []
    parts: list[Part] = []
    called: list[ToolCall] = []
    for index, part in enumerate(objects(content.get("parts") or [], f"{where}parts")):
        place = f"{where}parts[{index}]."
        if part.get("functionResponse") is not None:
            results.append(_decode_result(part["functionResponse"], f"{place}functionResponse", calls))
        elif part.get("functionCall") is not None:
            called.append(decode_call(part["functionCall"], f"{place}functionCall", calls.called))
        elif not part.get("thought"):
            parts.append(_decode_part(part, place))
    if not parts and not called and results:
        return results
    return [*results, Message("assistant" if role == "model" else "user", plain(parts), tuple(called))]


def decode_call(call: Any, where: str, identify: Callable[[str | None, str], str]) -> ToolCall:
    """One call, in a request or a reply; `identify` gives its id, from the one sent and the tool's name."""
    if not isinstance(call, dict):
        raise InputError(f"{where} is {shown(call)}: send an object")
    name = required(call, "name", Kind.TEXT, f"{where}.")
    arguments = as_text(optional(call, "args", Kind.OBJECT, f"{where}.") or {})
    return ToolCall(identify(optional(call, "id", Kind.TEXT, f"{where}."), name), name, arguments)


def _decode_result(result: Any, where: str, calls: OpenCalls) -> Message:
    if not isinstance(result, dict):
        raise InputError(f"{where} is {shown(result)}: send an object")
    name = required(result, "name", Kind.TEXT, f"{where}.")
    response = optional(result, "response", Kind.OBJECT, f"{where}.") or {}
    said = next(iter(response.values())) if set(response) in ({"output"}, {"result"}) else response
    return Message(
        "tool",
        said if isinstance(said, str) else orjson.dumps(said).decode(),
        tool_call_id=calls.answered(optional(result, "id", Kind.TEXT, f"{where}."), name, where),
    )


def _decode_part(part: Mapping[str, Any], where: str) -> Part:
    if part.get("text") is not None:
        return Part("text", required(part, "text", Kind.TEXT, where))
    held = optional(part, "inlineData", Kind.OBJECT, where)
    if held is not None:
        media_type = required(held, "mimeType", Kind.TEXT, f"{where}inlineData.")
        data = required(held, "data", Kind.TEXT, f"{where}inlineData.").replace("-", "+").replace("_", "/")
        return image_from_url(f"data:{media_type};base64,{data}", f"{where}inlineData")
    file = optional(part, "fileData", Kind.OBJECT, where)
    if file is None:
        kind = next((name for name, value in part.items() if value is not None), "nothing")
        raise InputError(f"{where[:-1]} is {kind}: only text, images, functionCall and functionResponse are served")
    media_type = optional(file, "mimeType", Kind.TEXT, f"{where}fileData.") or "image/*"
    if not media_type.startswith("image/"):
        raise InputError(f"{where}fileData.mimeType is {media_type!r}: only images are served")
    return image_from_url(required(file, "fileUri", Kind.TEXT, f"{where}fileData."), f"{where}fileData.fileUri")
