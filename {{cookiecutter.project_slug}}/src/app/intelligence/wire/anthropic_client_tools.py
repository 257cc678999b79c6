"""Tools that Anthropic's models know by a type and a client carries out itself: shell, file editor, memory, screen.

A client names only the type (`bash_20250124`); what may be asked of the tool is documented by Anthropic and written out
here as the schema of an ordinary tool, so that every provider can call it, and the client cannot tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.errors import InputError
from app.intelligence.messages import Tool
from app.intelligence.wire.fields import Kind, optional, required

KNOWN = re.compile(r"(bash|text_editor|memory|computer)_(\d{8})")
SERVED = "custom, bash, text_editor, memory and computer"
_TEXT, _WHOLE, _POINT = (
    {"type": "string"},
    {"type": "integer"},
    {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
)
_LINES = {**_POINT, "description": "First and last line to show, counted from 1; -1 for the end of the file."}
_EDITS = {
    "path": {**_TEXT, "description": "Absolute path of the file or folder."},
    "view_range": _LINES,
    "file_text": {**_TEXT, "description": "For create: what the file holds."},
    "old_str": {**_TEXT, "description": "For str_replace: the text to replace, which stands in the file once."},
    "new_str": {**_TEXT, "description": "For str_replace: what stands there instead."},
    "insert_line": {**_WHOLE, "description": "For insert: the line behind which the text goes; 0 for the beginning."},
    "insert_text": {**_TEXT, "description": "For insert: the text."},
}
_MOVES = ("key", "type", "mouse_move", "left_click", "left_click_drag", "right_click", "middle_click", "double_click",
          "screenshot", "cursor_position")  # fmt: skip
# Further ones of the versions since 2025.
_LATER_MOVES = ("scroll", "hold_key", "wait", "triple_click", "left_mouse_down", "left_mouse_up")


def decode(tool: Mapping[str, Any], where: str) -> Tool | None:
    """Such a tool as an ordinary one; None for every other type. Raises InputError for a field that is wrong."""
    match = KNOWN.fullmatch(str(tool.get("type")))
    if match is None:
        return None
    description, parameters = _WRITTEN[match[1]](match[2], tool, where)
    return Tool(
        name=required(tool, "name", Kind.TEXT, where),
        description=description,
        parameters={"type": "object", **parameters},
        mark=optional(tool, "cache_control", Kind.OBJECT, where),
    )


def _bash(version: str, tool: Mapping[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    properties = {
        "command": {**_TEXT, "description": "The command to run."},
        "restart": {"type": "boolean", "description": "Start the shell anew instead of running a command."},
    }
    return "Run a command in a bash shell that stays open between calls.", _of(properties, "command")


def _text_editor(version: str, tool: Mapping[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    commands = ["view", "create", "str_replace", "insert", *(["undo_edit"] if version < "20250429" else [])]
    edits = dict(_EDITS)
    if version < "20250728":
        del edits["insert_text"]
        edits["new_str"] = {**_TEXT, "description": "For str_replace and insert: the new text."}
    return "View, create and edit text files.", _of(_commands(commands) | edits, "command", "path")


def _memory(version: str, tool: Mapping[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    commands = ["view", "create", "str_replace", "insert", "delete", "rename"]
    paths = {
        "path": {**_TEXT, "description": "Path below /memories."},
        "old_path": {**_TEXT, "description": "For rename: the path it has."},
        "new_path": {**_TEXT, "description": "For rename: the path it gets."},
    }
    described = "Keep notes in files below /memories that outlast the conversation; look there first."
    return described, _of(_commands(commands) | _EDITS | paths, "command")


def _computer(version: str, tool: Mapping[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    sides = [required(tool, f"display_{side}_px", Kind.WHOLE, where) for side in ("width", "height")]
    if min(sides) < 1:
        raise InputError(f"{where}display_width_px and display_height_px must be above 0")
    actions = [*_MOVES, *(_LATER_MOVES if version > "2025" else ())]
    properties = {
        "action": {**_TEXT, "enum": actions},
        "coordinate": {**_POINT, "description": "Pixels from the left and from the top."},
        "start_coordinate": _POINT,
        "text": {**_TEXT, "description": "What is typed, or the keys pressed."},
        "duration": {"type": "number", "description": "Seconds."},
        "scroll_direction": {**_TEXT, "enum": ["up", "down", "left", "right"]},
        "scroll_amount": _WHOLE,
    }
    return f"Look at a screen of {sides[0]} by {sides[1]} pixels, and use its mouse and keyboard.", _of(
        properties, "action"
    )


def _commands(names: list[str]) -> dict[str, Any]:
    return {"command": {**_TEXT, "enum": names}}


def _of(properties: dict[str, Any], *needed: str) -> dict[str, Any]:
    return {"properties": properties, "required": list(needed)}


_WRITTEN = {"bash": _bash, "text_editor": _text_editor, "memory": _memory, "computer": _computer}
