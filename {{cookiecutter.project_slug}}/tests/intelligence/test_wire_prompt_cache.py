"""What is said of a provider's own prompt cache: marks put in, a client's marks passed on, tokens counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.caller import Caller
from app.intelligence.drafts import Drafts
from app.intelligence.messages import Message, ModelRequest, Tool, Usage
from app.intelligence.prompts import Registry
from app.intelligence.wire import anthropic_messages, anthropic_messages_reply, openai_chat
from app.settings import Settings

pytestmark = pytest.mark.feature("G6")
MARK = {"type": "ephemeral"}
STABLE = (Message("system", "You sort tickets."), Message("user", "Where is it?"), Message("assistant", "shipping"))
REQUEST = ModelRequest("claude", (*STABLE, Message("user", "My invoice is wrong")), max_output_tokens=10)


@pytest.mark.parametrize(
    ("stable", "system", "turns"),
    [
        (0, "You sort tickets.", ["Where is it?", "shipping", "My invoice is wrong"]),
        (
            1,
            [{"type": "text", "text": "You sort tickets.", "cache_control": MARK}],
            ["Where is it?", "shipping", "My invoice is wrong"],
        ),
        (
            3,
            [{"type": "text", "text": "You sort tickets."}],
            ["Where is it?", [{"type": "text", "text": "shipping", "cache_control": MARK}], "My invoice is wrong"],
        ),
    ],
    ids=["short", "system", "examples"],
)
def test_the_stable_part_is_marked_once_at_its_end(stable: int, system: object, turns: list[object]) -> None:
    """After the last message that every call begins with, be it the system's or an example's."""
    body = anthropic_messages.encode_request(replace(REQUEST, stable_messages=stable))

    assert (body["system"], [turn["content"] for turn in body["messages"]]) == (system, turns)


def test_a_clients_own_marks_reach_the_provider() -> None:
    """On system, content and tools, life time included; another protocol leaves them out."""
    hour = {"type": "ephemeral", "ttl": "1h"}
    body = {
        "model": "claude", "max_tokens": 5,
        "system": [{"type": "text", "text": "Long.", "cache_control": hour}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": MARK}]}],
        "tools": [{"name": "look", "input_schema": {"type": "object"}, "cache_control": hour}],
    }  # fmt: skip

    request = anthropic_messages.decode_request(body)

    assert anthropic_messages.encode_request(request) == body
    assert "cache_control" not in str(openai_chat.encode_request(request))


def test_what_was_written_and_read_is_counted_both_ways() -> None:
    """Input tokens include both, as everywhere else here; the protocol counts them apart."""
    said = {
        "input_tokens": 10,
        "cache_read_input_tokens": 300,
        "cache_creation_input_tokens": 200,
        "output_tokens": 7,
    }

    usage = anthropic_messages_reply.decode_usage(said)

    assert usage == Usage(510, 7, 300, cache_write_tokens=200)
    assert anthropic_messages_reply.encode_usage(usage) == said


@pytest.mark.parametrize(("least", "marked"), [("10", 1), ("2000", 0), ("null", 0)], ids=["long", "short", "off"])
def test_only_a_prompt_that_is_long_enough_is_marked(
    load_settings: Callable[..., Settings], tmp_path: Path, least: str, marked: int
) -> None:
    """The stable part must reach the configured length; the message with the input never belongs to it."""
    folder = tmp_path / "classify"
    folder.mkdir()
    (folder / "v1.prompt.yml").write_text(
        "inputs: {ticket: {type: string}}\nmessages:\n"
        "- {role: system, content: You sort the tickets of a support desk by what they are about.}\n"
        '- {role: user, content: "Here is one, and it is rather long as tickets go: {{ticket}}"}\n'
    )
    (tmp_path / "releases.yaml").write_text("{classify: 1}")
    settings = load_settings(APP_GATEWAY__PROVIDER_CACHE_MIN_TOKENS=least)

    call = Drafts(settings, Registry.open(tmp_path)).of_task("classify", {"ticket": "x"}, Caller(), 1, stream=False)

    assert call.request.stable_messages == marked


def test_a_tool_without_a_mark_has_none() -> None:
    """Nothing is put where nobody asked."""
    request = replace(REQUEST, tools=(Tool("look"),))

    assert "cache_control" not in str(anthropic_messages.encode_request(request))
