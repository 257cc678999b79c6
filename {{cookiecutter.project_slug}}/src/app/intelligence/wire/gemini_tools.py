"""Tools of Gemini's generateContent: declarations and the choice among them.

Parameters go out as JSON Schema; a client may send them so or in Gemini's own schema language. Strictness has no
field here and is left out. Refuses tools that run on Google's side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.errors import InputError
from app.intelligence.messages import ModelRequest, Tool
from app.intelligence.wire.fields import Kind, objects, optional, required, texts
from app.intelligence.wire.gemini_schema import as_json_schema

_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
_CHOICES = {"AUTO": "auto", "VALIDATED": "auto", "NONE": "none", "ANY": "required"}


def encode_tools(request: ModelRequest) -> dict[str, Any]:
    """The fields `tools` and `toolConfig`, those that are needed."""
    fields: dict[str, Any] = {}
    if request.tools:
        fields["tools"] = [{"functionDeclarations": [_encode_tool(tool) for tool in request.tools]}]
    choice = request.tool_choice
    if choice in _MODES:
        fields["toolConfig"] = {"functionCallingConfig": {"mode": _MODES[choice]}}
    elif choice is not None:
        fields["toolConfig"] = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [choice]}}
    return fields


def decode_tools(body: Mapping[str, Any]) -> tuple[tuple[Tool, ...], str | None]:
    """A client's tools and its choice. One of several allowed functions is a demand for any tool, the rest left out."""
    tools: list[Tool] = []
    for index, group in enumerate(objects(body.get("tools") or [], "tools")):
        foreign = [name for name, value in group.items() if name != "functionDeclarations" and value is not None]
        if foreign:
            raise InputError(
                f"tools[{index}].{foreign[0]} runs on the provider's side, outside the gateway's guards and budget, "
                "and is not served, offline or not: send functionDeclarations and call the function yourself"
            )
        where = f"tools[{index}].functionDeclarations"
        declared = objects(group.get("functionDeclarations") or [], where)
        tools += [_decode_tool(tool, f"{where}[{i}].") for i, tool in enumerate(declared)]
    config = optional(body, "toolConfig", Kind.OBJECT) or {}
    calling = optional(config, "functionCallingConfig", Kind.OBJECT, "toolConfig.") or {}
    mode = optional(calling, "mode", Kind.TEXT, "toolConfig.functionCallingConfig.") or "MODE_UNSPECIFIED"
    allowed = texts(calling.get("allowedFunctionNames") or [], "toolConfig.functionCallingConfig.allowedFunctionNames")
    if mode == "MODE_UNSPECIFIED":
        return tuple(tools), None
    if mode not in _CHOICES:
        raise InputError(f"toolConfig.functionCallingConfig.mode is {mode!r}: use AUTO, ANY, VALIDATED or NONE")
    if mode == "ANY" and len(allowed) == 1:
        return tuple(tools), allowed[0]
    return tuple(tool for tool in tools if not allowed or tool.name in allowed), _CHOICES[mode]


def _encode_tool(tool: Tool) -> dict[str, Any]:
    encoded: dict[str, Any] = {"name": tool.name, "description": tool.description}
    if tool.parameters:
        encoded["parametersJsonSchema"] = tool.parameters
    return encoded


def _decode_tool(tool: Mapping[str, Any], where: str) -> Tool:
    parameters = optional(tool, "parametersJsonSchema", Kind.OBJECT, where)
    if parameters is None:
        own = optional(tool, "parameters", Kind.OBJECT, where)
        parameters = {} if own is None else as_json_schema(own, f"{where}parameters")
    return Tool(
        name=required(tool, "name", Kind.TEXT, where),
        description=optional(tool, "description", Kind.TEXT, where) or "",
        parameters=parameters,
    )
