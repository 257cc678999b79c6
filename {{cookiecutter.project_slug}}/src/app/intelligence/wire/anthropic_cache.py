"""Anthropic's marks for its prompt cache: one after the part that every call of a task begins with.

The provider keeps everything up to the mark (tools, system, first turns) for five minutes after its last use, bills
writing it at 1.25 times and reading it at 0.1 times the price of input. A prefix below the model's minimum is not kept.
"""

from __future__ import annotations

from typing import Any

from app.intelligence.messages import ModelRequest

MARK = {"type": "ephemeral"}


def mark_stable(body: dict[str, Any], request: ModelRequest) -> None:
    """Mark the last block of `request.stable_messages`, in an encoded body: a system block, or one of a turn."""
    stable = request.messages[: request.stable_messages]
    turns = sum(1 for message in stable if message.role != "system")
    if turns and turns <= len(body["messages"]):
        turn = body["messages"][turns - 1]
        if isinstance(turn["content"], str):
            turn["content"] = [{"type": "text", "text": turn["content"]}]
        turn["content"][-1] = {**turn["content"][-1], "cache_control": MARK}
    elif body.get("system"):
        blocks = sum(1 if isinstance(m.content, str) else len(m.content) for m in stable if m.role == "system")
        body["system"][blocks - 1] = {**body["system"][blocks - 1], "cache_control": MARK}
