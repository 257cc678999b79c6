"""Tools of Anthropic's Messages, and the one that stands for an output schema.

The protocol's older versions have no field for a schema, so it is asked for as a forced tool; the reply side turns a
call of that tool back into text. A client may send a schema either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.errors import InputError, ProviderRefusedError
from app.intelligence.messages import ModelRequest, Tool
from app.intelligence.wire import anthropic_client_tools
from app.intelligence.wire.fields import Kind, at_the_provider, optional, required, shown

# The tool that stands for "reply with JSON of this schema".
SCHEMA_TOOL = "structured_reply"
# The schema of a reply that may be any JSON object.
ANY_OBJECT = {"type": "object"}

# prompt-lint: allow hardcoded_prompt -- what the protocol's tool is for, no prompt of a task
_SCHEMA_PURPOSE = "Give the whole reply as the one JSON object that is asked for."
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_CHOSEN = {"auto": "auto", "none": "none", "any": "required"}


def encode_tools(request: ModelRequest) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Tools and the choice among them, the schema's stand-in added unless a real tool is demanded anyway."""
    tools = [_encode_tool(tool) for tool in request.tools]
    wanted = request.tool_choice
    schema = ANY_OBJECT if request.json_object and request.output_schema is None else request.output_schema
    if schema is not None and wanted in (None, "auto", "none"):
        if schema.get("type", "object") != "object":
            raise ProviderRefusedError(
                f"the output schema is of type {schema['type']!r}: this protocol replies with objects, wrap it in one"
            )
        tools.append(
            {"name": SCHEMA_TOOL, "description": _SCHEMA_PURPOSE, "input_schema": {"type": "object", **schema}}
        )
        if request.tools and wanted != "none":
            return tools, {"type": "any"}
        return tools, {"type": "tool", "name": SCHEMA_TOOL}
    if wanted is None or not tools:
        return tools, None
    return tools, {"type": _CHOICES[wanted]} if wanted in _CHOICES else {"type": "tool", "name": wanted}


def _encode_tool(tool: Tool) -> dict[str, Any]:
    encoded: dict[str, Any] = {"name": tool.name, "input_schema": {"type": "object", **tool.parameters}}
    if tool.description:
        encoded["description"] = tool.description
    if tool.strict:
        encoded["strict"] = True
    if tool.mark is not None:
        encoded["cache_control"] = dict(tool.mark)
    return encoded


def decode_tool(tool: Mapping[str, Any], where: str) -> Tool:
    """A client's tool. Raises InputError for tools that run on the provider's side."""
    known = anthropic_client_tools.decode(tool, where)
    if known is not None:
        return known
    if tool.get("type") not in (None, "custom"):
        raise at_the_provider(where, tool["type"], anthropic_client_tools.SERVED)
    return Tool(
        name=required(tool, "name", Kind.TEXT, where),
        description=optional(tool, "description", Kind.TEXT, where) or "",
        parameters=required(tool, "input_schema", Kind.OBJECT, where),
        strict=bool(optional(tool, "strict", Kind.FLAG, where)),
        mark=optional(tool, "cache_control", Kind.OBJECT, where),
    )


def decode_tool_choice(choice: Mapping[str, Any] | None) -> tuple[str | None, bool | None]:
    """The choice in our words, and whether calls side by side are forbidden (None: not said)."""
    if choice is None:
        return None, None
    kind = required(choice, "type", Kind.TEXT, "tool_choice.")
    single = optional(choice, "disable_parallel_tool_use", Kind.FLAG, "tool_choice.")
    if kind == "tool":
        return required(choice, "name", Kind.TEXT, "tool_choice."), single
    if kind not in _CHOSEN:
        raise InputError(f"tool_choice.type is {kind!r}: use auto, any, tool or none")
    return _CHOSEN[kind], single


def decode_output_config(config: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, dict[str, Any]]:
    """The output schema of newer clients, and what else the field says (effort)."""
    rest = {key: value for key, value in config.items() if key != "format" and value is not None}
    wanted = optional(config, "format", Kind.OBJECT, "output_config.")
    if wanted is None:
        return None, rest
    if wanted.get("type") != "json_schema":
        raise InputError(f"output_config.format.type is {shown(wanted.get('type'))}: use json_schema")
    return required(wanted, "schema", Kind.OBJECT, "output_config.format."), rest
