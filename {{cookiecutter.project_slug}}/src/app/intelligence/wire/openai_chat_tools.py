"""Tools of OpenAI's chat, both ways: what may be called, the choice among it, and the calls of a message."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.errors import InputError
from app.intelligence.messages import Tool, ToolCall
from app.intelligence.wire.fields import Kind, at_the_provider, objects, optional, required, shown
from app.intelligence.wire.openai_custom import (
    arguments_of,
    custom_names,
    decode_custom_tool,
    encode_custom_call,
    encode_custom_tool,
)


def encode_tool_call(call: ToolCall, custom: Collection[str] = ()) -> dict[str, Any]:
    """A call the model made, as it stands in requests and replies alike; `custom` are the names of custom tools."""
    if call.custom or call.name in custom:
        return encode_custom_call(call)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def decode_tool_call(call: Mapping[str, Any], where: str) -> ToolCall:
    """A call among the messages. Raises InputError naming the field that is wrong."""
    if call.get("type") == "custom":
        made = required(call, "custom", Kind.OBJECT, where)
        said = arguments_of(required(made, "input", Kind.TEXT, f"{where}custom."))
        name = required(made, "name", Kind.TEXT, f"{where}custom.")
        return ToolCall(required(call, "id", Kind.TEXT, where), name, said, custom=True)
    function = required(call, "function", Kind.OBJECT, where)
    return ToolCall(
        id=required(call, "id", Kind.TEXT, where),
        name=required(function, "name", Kind.TEXT, f"{where}function."),
        arguments=required(function, "arguments", Kind.TEXT, f"{where}function."),
    )


def encode_tool(tool: Tool) -> dict[str, Any]:
    """A tool as it is offered."""
    if tool.custom is not None:
        return encode_custom_tool(tool, chat=True)
    function: dict[str, Any] = {"name": tool.name, "parameters": tool.parameters}
    if tool.description:
        function["description"] = tool.description
    if tool.strict:
        function["strict"] = True
    return {"type": "function", "function": function}


def _decode_tool(tool: Mapping[str, Any], where: str) -> Tool:
    if tool.get("type") == "custom":
        return decode_custom_tool(required(tool, "custom", Kind.OBJECT, where), f"{where}custom.")
    if tool.get("type") != "function":
        raise at_the_provider(where, tool.get("type"), "function and custom")
    made = decode_function(tool, where)
    return replace(made, strict=bool(optional(tool["function"], "strict", Kind.FLAG, f"{where}function.")))


def decode_function(tool: Mapping[str, Any], where: str) -> Tool:
    """The function that a tool holds, as Cohere and Ollama write it too. Raises InputError naming what is wrong."""
    function = required(tool, "function", Kind.OBJECT, where)
    where = f"{where}function."
    return Tool(
        name=required(function, "name", Kind.TEXT, where),
        description=optional(function, "description", Kind.TEXT, where) or "",
        parameters=optional(function, "parameters", Kind.OBJECT, where) or {},
    )


def encode_tool_choice(choice: str, tools: Sequence[Tool]) -> Any:
    """A word, or the tool that is demanded by its kind."""
    if choice in ("auto", "none", "required"):
        return choice
    if choice in custom_names(tools):
        return {"type": "custom", "custom": {"name": choice}}
    return {"type": "function", "function": {"name": choice}}


def decode_tools(body: Mapping[str, Any]) -> tuple[tuple[Tool, ...], str | None]:
    """The tools that may be called, and the choice among them."""
    tools = tuple(_decode_tool(t, f"tools[{i}].") for i, t in enumerate(objects(body.get("tools") or [], "tools")))
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        place = "tool_choice.allowed_tools."
        return allowed(tools, required(choice, "allowed_tools", Kind.OBJECT, "tool_choice."), place, _named)
    return tools, _decode_tool_choice(choice)


def allowed(
    tools: tuple[Tool, ...], choice: Mapping[str, Any], where: str, named: Callable[[Mapping[str, Any], str], str]
) -> tuple[tuple[Tool, ...], str]:
    """The tools that a choice of the kind `allowed_tools` leaves, and its mode; `named` reads the name of one."""
    mode = required(choice, "mode", Kind.TEXT, where)
    if mode not in ("auto", "required"):
        raise InputError(f"{where}mode is {mode!r}: use auto or required")
    listed = objects(required(choice, "tools", Kind.LIST, where), f"{where}tools")
    names = [named(tool, f"{where}tools[{i}].") for i, tool in enumerate(listed)]
    unknown = sorted(set(names) - {tool.name for tool in tools})
    if unknown:
        raise InputError(f"{where}tools has {unknown[0]!r}: no tool of the request is called so")
    return tuple(tool for tool in tools if tool.name in names), mode


def _named(tool: Mapping[str, Any], where: str) -> str:
    kind = required(tool, "type", Kind.TEXT, where)
    if kind not in ("function", "custom"):
        raise at_the_provider(where, kind, "function and custom")
    return str(required(required(tool, kind, Kind.OBJECT, where), "name", Kind.TEXT, f"{where}{kind}."))


def _decode_tool_choice(choice: Any) -> str | None:
    if choice is None:
        return None
    if choice in ("auto", "none", "required"):
        return str(choice)
    if choice == "any":  # what clients of Mistral's that are not its own say at this address
        return "required"
    if isinstance(choice, dict) and choice.get("type") in ("function", "custom"):
        return _named(choice, "tool_choice.")
    raise InputError(f"tool_choice is {shown(choice)}: send auto, none, required, one tool or allowed_tools")
