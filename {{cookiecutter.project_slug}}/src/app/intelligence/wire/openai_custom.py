"""OpenAI's custom tools: called with a text of any form instead of JSON, which a grammar may bind.

Inside they are functions of one argument, `input`, so that every provider can be offered them and guards read their
calls like all others; a provider of OpenAI's protocols is told what they are. Where no provider holds the reply to the
grammar, it stands in the argument's description; a regular expression is the argument's `pattern` too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from app.errors import InputError
from app.intelligence.messages import Tool, ToolCall
from app.intelligence.wire.fields import Kind, optional, required, shown

INPUT = "input"
TEXT: Mapping[str, Any] = {"type": "text"}
_SYNTAXES = ("lark", "regex")
_BEGINNING, _END = '{"input":"', '"}'


def decode_custom_tool(tool: Mapping[str, Any], where: str) -> Tool:
    """A tool of a client: `name`, `description`, `format` as Responses writes it, or as chat does, one level deeper."""
    given = optional(tool, "format", Kind.OBJECT, where) or TEXT
    kind = required(given, "type", Kind.TEXT, f"{where}format.")
    told, pattern, bound = "The whole input of the tool: a text, no JSON.", {}, dict(TEXT)
    if kind == "grammar":
        place = f"{where}format."
        if "grammar" in given:
            given, place = required(given, "grammar", Kind.OBJECT, place), f"{place}grammar."
        syntax, definition = (required(given, field, Kind.TEXT, place) for field in ("syntax", "definition"))
        if syntax not in _SYNTAXES:
            raise InputError(f"{place}syntax is {syntax!r}: use lark or regex")
        bound = {"type": "grammar", "syntax": syntax, "definition": definition}
        told += f" It must fit this grammar ({syntax}):\n{definition}"
        pattern = {"pattern": f"^(?:{definition})$"} if syntax == "regex" else {}
    elif kind != "text":
        raise InputError(f"{where}format.type is {shown(kind)}: use text or grammar")
    argument = {"type": "string", "description": told, **pattern}
    return Tool(
        name=required(tool, "name", Kind.TEXT, where),
        description=optional(tool, "description", Kind.TEXT, where) or "",
        parameters={
            "type": "object",
            "properties": {INPUT: argument},
            "required": [INPUT],
            "additionalProperties": False,
        },
        custom=bound,
    )


def encode_custom_tool(tool: Tool, *, chat: bool) -> dict[str, Any]:
    """The tool for a provider, in chat's form or in that of Responses."""
    bound = dict(tool.custom or TEXT)
    if chat and bound["type"] == "grammar":
        bound = {"type": "grammar", "grammar": {key: value for key, value in bound.items() if key != "type"}}
    encoded: dict[str, Any] = {"name": tool.name}
    if tool.description:
        encoded["description"] = tool.description
    if bound != TEXT:
        encoded["format"] = bound
    return {"type": "custom", "custom": encoded} if chat else {"type": "custom", **encoded}


def custom_names(tools: Sequence[Tool]) -> frozenset[str]:
    """The names of those that are custom."""
    return frozenset(tool.name for tool in tools if tool.custom is not None)


def encode_custom_call(call: ToolCall) -> dict[str, Any]:
    """A call of a custom tool in chat's form."""
    return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": input_of(call.arguments)}}


def input_of(arguments: str) -> str:
    """The text a custom tool is called with; arguments that are no such object are a text themselves."""
    try:
        found = orjson.loads(arguments)
    except orjson.JSONDecodeError:
        return arguments
    said = found.get(INPUT) if isinstance(found, dict) else None
    return said if isinstance(said, str) else arguments


def arguments_of(text: str) -> str:
    """The arguments that stand for a text."""
    return f"{_BEGINNING}{_escaped(text)}{_END}"


class InputPieces:
    """The texts of custom calls as they come in a provider's stream, as pieces of their arguments."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: set[int] = set()

    def piece(self, index: int, text: str) -> str:
        """A piece of the call's text as one of its arguments."""
        beginning = "" if index in self._open else _BEGINNING
        self._open.add(index)
        return beginning + _escaped(text)

    def ends(self) -> Collection[tuple[int, str]]:
        """What ends the arguments of the calls that are open, by their index."""
        ended = [(index, _END) for index in sorted(self._open)]
        self._open.clear()
        return ended


def _escaped(text: str) -> str:
    """The inside of a JSON string."""
    return orjson.dumps(text).decode()[1:-1]
