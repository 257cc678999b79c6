"""Tools that a client of Anthropic's carries out itself go round at the door, by Anthropic's own SDK."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest

from app.intelligence.messages import ToolCall
from app.intelligence.wire import openai_chat
from tests.interface.served_doors import Served, a_reply

ASKED: Any = {"role": "user", "content": "Which files are there?"}


@pytest.mark.feature("I1")
def test_a_shell_is_called_and_told_what_came_of_it(doors: Served) -> None:
    """The client names a type alone; the provider is offered a tool with arguments, and its call comes back."""
    doors.gateway.reply = a_reply(
        "", tool_calls=(ToolCall("toolu_1", "bash", '{"command": "ls"}'),), finish_reason="tool_calls"
    )
    client, tools = doors.anthropic(), [{"type": "bash_20250124", "name": "bash"}]

    message: Any = client.messages.create(model="m", max_tokens=99, messages=[ASKED], tools=tools)  # type: ignore[arg-type]
    result = {"type": "tool_result", "tool_use_id": message.content[0].id, "content": "a.txt"}
    turns: Any = [ASKED, {"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
    client.messages.create(model="m", max_tokens=99, messages=turns, tools=tools)  # type: ignore[arg-type]

    assert (message.content[0].name, message.content[0].input) == ("bash", {"command": "ls"})
    first, second = doors.gateway.requests
    offered = openai_chat.encode_request(first)["tools"][0]["function"]
    assert (offered["name"], offered["parameters"]["required"]) == ("bash", ["command"])
    assert second.messages[-1].text == "a.txt"


@pytest.mark.feature("I1")
@pytest.mark.parametrize(
    ("tool", "takes", "lacks"),
    [
        ({"type": "text_editor_20250124", "name": "str_replace_editor"}, "undo_edit", "insert_text"),
        ({"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}, "insert_text", "undo_edit"),
        ({"type": "memory_20250818", "name": "memory"}, "rename", "undo_edit"),
        (
            {"type": "computer_20241022", "name": "computer", "display_width_px": 800, "display_height_px": 600},
            "left_click_drag",
            "triple_click",
        ),
        (
            {"type": "computer_20250124", "name": "computer", "display_width_px": 800, "display_height_px": 600},
            "triple_click",
            "zoom",
        ),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else "",
)
def test_each_version_takes_what_its_documentation_says(
    doors: Served, tool: dict[str, Any], takes: str, lacks: str
) -> None:
    """Editors before July 2025 insert by `new_str`, those before April 2025 can undo; screens have got more clicks."""
    wanted: Any = [tool]
    doors.anthropic().messages.create(model="m", max_tokens=99, messages=[ASKED], tools=wanted)

    schema = str(doors.gateway.requests[0].tools[0].parameters)
    assert (f"'{takes}'" in schema, f"'{lacks}'" in schema) == (True, False)


@pytest.mark.feature("I1")
def test_what_runs_at_the_provider_and_half_a_screen_are_refused(doors: Served) -> None:
    """One with those that are served, the other with the field that lacks."""
    client: Any = doors.anthropic()

    def asking(tool: dict[str, Any]) -> None:
        client.messages.create(model="m", max_tokens=99, messages=[ASKED], tools=[tool])

    with pytest.raises(anthropic.BadRequestError, match="only custom, bash, text_editor, memory and computer"):
        asking({"type": "code_execution_20250825", "name": "code_execution"})
    with pytest.raises(anthropic.BadRequestError, match="display_height_px"):
        asking({"type": "computer_20250124", "name": "computer", "display_width_px": 800})
