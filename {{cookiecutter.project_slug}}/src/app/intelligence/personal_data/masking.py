"""Personal data taken out of what a provider will see, reversibly: texts, and whole requests.

Pictures are not looked into. What no detector finds is sent: masking lowers the risk, it makes no text anonymous.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.intelligence.messages import Message, ModelRequest, Part, Tool
from app.intelligence.personal_data.json_text import is_json, map_literals
from app.intelligence.personal_data.overlaps import resolve
from app.intelligence.personal_data.placeholders import protected, taken
from app.intelligence.personal_data.recogniser import Detector, Finding
from app.intelligence.personal_data.shapes import ShapeDetector
from app.intelligence.personal_data.vault import Vault

SHAPES = ShapeDetector()


@dataclass(frozen=True, slots=True)
class Masked:
    """The masked texts, in order, and the vault that restores them."""

    texts: tuple[str, ...]
    vault: Vault


def mask(texts: Sequence[str], detector: Detector = SHAPES) -> Masked:
    """Every finding in `texts` replaced by a placeholder; `vault.restore` of each masked text is the text.

    The same value has the same placeholder in all texts. Masking what is masked changes nothing.
    """
    vault = Vault(taken(texts))
    return Masked(tuple(mask_into(vault, text, detector) for text in texts), vault)


def mask_into(vault: Vault, text: str, detector: Detector = SHAPES, *, after: str = "") -> str:
    """`text` masked with placeholders of `vault`; `after` is what stands before it, read but not masked."""
    while True:
        findings = found(text, detector, after=after)
        if not findings:
            return text
        text = replaced(text, findings, vault.placeholder)


def mask_json_into(vault: Vault, text: str, detector: Detector = SHAPES) -> str:
    """As `mask_into` for JSON text, which stays JSON; text that is no JSON object or array is masked as it stands."""
    if not is_json(text):
        return mask_into(vault, text, detector)
    return map_literals(text, lambda value, key: mask_into(vault, value, detector, after=f"{key}: " if key else ""))


def found(text: str, detector: Detector, *, after: str = "") -> list[Finding]:
    """What is to be replaced in `text`: in order, not overlapping, and no part of a placeholder."""
    shift = len(after)
    findings = detector.find(after + text)
    if shift:
        findings = [replace(f, start=max(f.start - shift, 0), end=f.end - shift) for f in findings if f.end > shift]
    return resolve(findings, protected(text)) if findings else []


def replaced(text: str, findings: Sequence[Finding], by: Callable[[str, str], str]) -> str:
    """`text` with each finding replaced by `by(label, value)`."""
    pieces: list[str] = []
    done = 0
    for finding in findings:
        pieces += (text[done : finding.start], by(finding.label, text[finding.start : finding.end]))
        done = finding.end
    return "".join((*pieces, text[done:]))


def mask_request(request: ModelRequest, detector: Detector = SHAPES) -> tuple[ModelRequest, Vault]:
    """The request as a provider may see it: messages of every role, tool calls and results, tool descriptions, `extra`.

    Images, JSON schemas, stop sequences and tool names are sent as they are. A sender's `name` that holds personal data
    is left out, for providers accept no placeholder there.
    """
    vault = Vault(taken(_everything(request)))
    messages = tuple(_mask_message(vault, message, detector) for message in request.messages)
    tools = tuple(_mask_tool(vault, tool, detector) for tool in request.tools)
    extra = {key: _mask_value(vault, value, detector, key) for key, value in request.extra.items()}
    if not len(vault) and messages == request.messages:
        return request, vault
    return replace(request, messages=messages, tools=tools, extra=extra), vault


def _mask_message(vault: Vault, message: Message, detector: Detector) -> Message:
    content: str | tuple[Part, ...]
    if isinstance(message.content, str):
        content = mask_json_into(vault, message.content, detector)
    else:
        content = tuple(
            replace(part, text=mask_json_into(vault, part.text, detector)) if part.text else part
            for part in message.content
        )
    calls = message.tool_calls and tuple(
        replace(call, arguments=mask_json_into(vault, call.arguments, detector)) for call in message.tool_calls
    )
    name = message.name
    if name and message.role != "tool" and detector.find(name):
        name = None
    return Message(message.role, content, calls, message.tool_call_id, name)


def _mask_tool(vault: Vault, tool: Tool, detector: Detector) -> Tool:
    description = mask_into(vault, tool.description, detector)
    return tool if description == tool.description else replace(tool, description=description)


def _mask_value(vault: Vault, value: Any, detector: Detector, key: str = "") -> Any:
    if isinstance(value, str):
        return mask_into(vault, value, detector, after=f"{key}: " if key else "")
    if isinstance(value, Mapping):
        return {name: _mask_value(vault, item, detector, str(name)) for name, item in value.items()}
    return [_mask_value(vault, item, detector, key) for item in value] if isinstance(value, list | tuple) else value


def _everything(request: ModelRequest) -> list[str]:
    texts = []
    for message in request.messages:
        texts.append(message.text)
        texts += [call.arguments for call in message.tool_calls]
    if request.tools or request.extra or request.output_schema:
        schemas = [tool.parameters for tool in request.tools]
        descriptions = [tool.description for tool in request.tools]
        rest = [descriptions, schemas, request.extra, request.output_schema]
        texts.append(json.dumps(rest, ensure_ascii=False, default=str))
    return texts
